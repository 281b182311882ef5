-- Photos in pulls (jobs/pull_photos.c). photos: asked for; photo_count: in its parts; photo_ids: numbers of the photos that a
-- receiver has who took this pull and those before it, as gk_pull__ids_pack writes them, so that the next one sends no photo
-- twice. A part with photos > 0 is a tar file.
ALTER TABLE export_pull ADD COLUMN photos BIGINT NOT NULL DEFAULT 0;
ALTER TABLE export_pull ADD COLUMN photo_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE export_pull ADD COLUMN photo_ids @BLOB@;
ALTER TABLE export_part ADD COLUMN photos BIGINT NOT NULL DEFAULT 0;
