-- Options of plugins are sealed like everything else that may be secret: hex under this data key ('' plain, from before).
ALTER TABLE plugin_option ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
