#!/usr/bin/env python3
"""The scope is part of each statement (ID-7): a statement on a table that belongs to units compares the unit's path with
scope_lo and scope_hi, or stands below with its reason. And no SQL is built from input (IN-15)."""
import os
import re

from gk_guard import check, main, sources, text, without_comments

FOLDER = "mod_gaokao/store/sql"

# Statements without a scope, and why. One that gains a scope, or goes, must leave this list.
WITHOUT = {
    "notice_list": "notices of the units above: the reader's own paths p1..p4 bound them",
    "notice_get": "likewise",
    "notice_files": "follows notice_get, which judged the notice",
    "notice_file_get": "likewise",
    "window_in_force": "the calendar above a unit is its calendar: the paths p1..p4 of the record bound it",
    "window_in_force_all": "likewise",
    "window_in_force_public": "the province's calendar, for everybody",
    "org_any": "names of units are no secret: the unit above stands in sentences",
    "org_insert_root": "the one root of the tree, which gaokaoctl makes; the API asks for a parent",
    "candidate_place": "an ID number is unique in the season, whoever asks; what is shown is decided by the scope",
    "candidate_former_place": "likewise",
    "candidate_twin_count": "namesakes are looked for in the whole season; only their number comes back",
    "candidate_twin_mark": "marks namesakes wherever they are; no version, no value",
    "fee_receipt": "a receipt counts once in the season; what is shown is decided by the scope",
    "reading_by_jti": "a jti is used once in the season; the domain refuses what lies elsewhere",
    "reading_raw_insert": "the reading's own row was written with the scope a moment before",
    "device_any": "whoever posts has no scope yet: the device found by its id makes it, once its signature is right",
    "device_by_code": "likewise, found by its one-time code",
    "live_bump": "counts that something happened at the point of a record just written with the scope",
    "live_since": "counts by point, no rows of anybody, for the memory that a node's processes share",
    "range_meeting": "free serials and overlaps concern a whole county, whoever asks inside it",
    "audit_insert": "each act writes its row, also about what it was refused",
    "candidate_own": "the candidate's own record, by the account's own row: nothing comes from the request",
    "photo_own_list": "likewise",
    "photo_own_get": "likewise",
    "watch_look": "the account's own looks, counted",
    "watch_forget_seen": "likewise",
    "alarm_raise": "an alarm goes to the unit that watches, above the account that caused it",
    "alarm_open_count": "numbers by kind for /metrics, no rows",
    "photo_waiting_all": "likewise",
    "photo_expire": "the worker lets go of old pictures in the whole instance",
    "pack_local": "rules of units that are in force, which every process judges by: each names its own area",
    "pack_actor": "the account that asked for an activation, by its own id: this makes the scope",
    "rehearsal_put": "written by the dry run, beside the record that its own statement had in scope",
    "paper_who": "who printed or took a fee stands on the paper; found by the id in a row whose statement had the scope",
    "job_open_count": "counts the account's own jobs",
    "import_find_number": "whose a number is, in the whole season; what is shown is decided by the scope",
    "import_find_candidate_number": "likewise",
    "import_files_gone": "the worker deletes files after a day, in the whole instance",
    "import_rows_gone": "the worker deletes rows after fifteen days, in the whole instance",
    "import_gone": "likewise",
    "return_units": "units of records that their own statement had in scope, and those above them: their counts follow the records",
    "return_recount": "follows return_units, by its id and version",
    "client_account": "whoever sends a token has no scope yet: the account found by its id makes it, once its signature is right",
    "pull_newest": "a number, to tell a mark from the future",
    "pull_expire": "the worker ends what nobody came back for, in the whole instance",
    "pull_live": "which files of the spool the worker must leave alone",
}
# Files whose statements have no scope as a whole: only these folders may call them.
ELSEWHERE = {
    "ctl": ("mod_gaokao/ctl/", "the operator of the machine acts on the whole instance"),
    "demo": ("mod_gaokao/ctl/", "a demonstration is loaded into an empty instance"),
    "seal": ("mod_gaokao/store/seal_store.c", "seals cover the whole instance's audit; no row's body is shown"),
    "erase": ("mod_gaokao/store/erase_store.c", "deletion by the operator of the machine, in any season"),
    "index": ("mod_gaokao/store/index_store.c", "index keys change for the whole instance; beside a record, its own statement had the scope"),
    "reseal": ("mod_gaokao/store/reseal_store.c", "keys change for the whole instance"),
    "record_key": ("mod_gaokao/store/vault.c", "a key is found by its record, whose statement carried the scope"),
    "session": ("mod_gaokao/store/session_store.c", "an account is found by its login or a signed cookie: this makes the scope"),
}
WORKER = ("job_insert", "job_waiting", "job_lease", "job_give_up", "job_beat", "job_finish", "job_release", "job_actor",
          "job_results_old", "job_result_gone", "job_file_keys_gone")
WORKER_FILES = ("mod_gaokao/jobs/",)
# Columns that tie a row to a unit.
OWNED = {"org_path", "path", "candidate_id", "org_id", "notice_id"}


def tables():
    """Tables of the schema that belong to units: their columns tell."""
    found = {}
    for path in sources(f"{FOLDER}/schema", ".sql"):
        for name, body in re.findall(r"^CREATE TABLE (\w+) \((.*?)^\);?$", text(path), re.M | re.S):
            columns = set(re.findall(r"^  (\w+) ", body, re.M)) & OWNED
            if columns:
                found[name] = columns
        for name, column in re.findall(r"^ALTER TABLE (\w+) ADD (?:COLUMN )?(\w+)", text(path), re.M):
            if column in OWNED:
                found.setdefault(name, set()).add(column)
    return found


def statements():
    """(file, name with its engine, SQL without comments)"""
    for path in sources(FOLDER, ".sql"):
        if "/schema/" in path:
            continue
        for part in re.split(r"^-- name: *", text(path), flags=re.M)[1:]:
            name, _, body = part.partition("\n")
            yield os.path.basename(path)[:-4], " ".join(name.split()), re.sub(r"--[^\n]*", "", body)


USED = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)(?:\s+(?:AS\s+)?(?!(?:SET|WHERE|ON|JOIN|LEFT|ORDER|GROUP|LIMIT|VALUES|AS)\b)(\w+))?")


def scoped(body, known):
    """The path of a table of the statement is held between scope_lo and scope_hi."""
    names = {}
    for table, alias in USED.findall(body):
        if table in known:
            names[alias or table] = table
    for side, column in re.findall(r"(?:\b(\w+)\.)?\b(org_path|path) >= \$\{scope_lo", body):
        pattern = rf"{side}\.{column}" if side else rf"(?<!\.){column}"
        holds = column in known.get(names.get(side, side), ()) if side else any(column in known[t] for t in names.values())
        if holds and re.search(rf"{pattern}\s*< \$\{{scope_hi", re.sub(r"\s+", " ", body)):
            return True
    return False


@check("every statement on a unit's data carries the scope, or says why not")
def scope():
    known = tables()
    seen = set()
    if not {"candidate", "candidate_part", "account", "notice_file", "org", "reading", "audit"} <= set(known):
        yield f"{FOLDER}/schema: the tables are not read rightly: {sorted(known)}"
    for file, name, body in statements():
        base = name.split(" ")[0]
        if file in ELSEWHERE or (file == "job" and base in WORKER):
            continue
        touched = {table for table, _ in USED.findall(body)} & set(known)
        if not touched or scoped(body, known):
            continue
        seen.add(base)
        if base not in WITHOUT:
            yield f"{FOLDER}/{file}.sql: {name} reads or writes {', '.join(sorted(touched))} without scope_lo and scope_hi"
    for name in sorted(set(WITHOUT) - seen):
        yield f"tests/guards/scope.py: {name} is in the list and needs no exception"


@check("statements without a scope are called only where that is meant")
def callers():
    for file, name, _ in statements():
        base = name.split(" ")[0]
        if file in ELSEWHERE:
            allowed = ELSEWHERE[file][:1]
        elif file == "job" and base in WORKER:
            allowed = WORKER_FILES
        else:
            continue
        for path in sources("mod_gaokao", ".c"):
            if re.search(rf"\bGK_CALL\({base}\b", text(path)) and not path.startswith(allowed):
                yield f"{path}: calls {base}, which has no scope"


# Where a scope comes from: the account's own place, or a unit below it that was looked up within the scope.
MADE = {"mod_gaokao/domain/session.c", "mod_gaokao/jobs/work.c", "mod_gaokao/ctl/common.c", "mod_gaokao/ctl/demo_submit.c",
        "mod_gaokao/domain/act.c", "mod_gaokao/domain/act.h", "mod_gaokao/rest/router.c",
        "mod_gaokao/domain/device.c", "mod_gaokao/store/pack_store.c",
        "mod_gaokao/worker/gaokao_worker.c"}  # of the whole instance: old pictures
NARROWED = {"mod_gaokao/domain/account.c", "mod_gaokao/domain/candidate.c", "mod_gaokao/domain/export.c",
            "mod_gaokao/domain/org.c", "mod_gaokao/domain/range.c", "mod_gaokao/store/progress_store.c",
            "mod_gaokao/store/returns_store.c", "mod_gaokao/store/submission_store.c", "mod_gaokao/store/audit_read_store.c", "mod_gaokao/ctl/accounts.c", "mod_gaokao/ctl/lists.c",
            "mod_gaokao/jobs/rehearsal_job.c"}


@check("a scope is made in a few known places")
def origins():
    for path in sources("mod_gaokao", ".c"):
        if re.search(r"\bgk_scope_of\(", without_comments(text(path))) and path not in MADE | NARROWED:
            yield f"{path}: makes a scope; say in tests/guards/scope.py from what"
        for number, line in enumerate(without_comments(text(path)).split("\n"), 1):
            if re.search(r"\.scope_(lo|hi) = \"", line) and path not in MADE:
                yield f"{path}:{number}: a scope written by hand"


# ---- SQL text ----------------------------------------------------------------------------------------------

# Calls of the libraries that take SQL text, and who may hand them what.
RAW = re.compile(r"\b(PQexec\w*|PQsendQuery\w*|PQprepare|PQsendPrepare|sqlite3_exec|sqlite3_prepare\w*|sqlite3_get_table|apr_dbd_p?v?b?query|"
                 r"apr_dbd_p?v?b?select|apr_dbd_prepare)\s*\(")
BUILT = re.compile(r"apr_p(?:v)?sprintf|apr_pstrcat|snprintf|strcat|gk_json_|act->|request->|who->")


@check("no SQL is built from input")
def built():
    for path in sources("mod_gaokao", ".c") + sources("plugins", ".c"):
        code = without_comments(text(path))
        for match in RAW.finditer(code):
            if not path.startswith(("mod_gaokao/store/db_pgsql.c", "mod_gaokao/store/db_sqlite.c")):
                yield f"{path}: {match.group(1)} outside the two files of the engines"
        for match in re.finditer(r"\bgk_db_script(?:_value)?\(([^;]*?)\)\)*;", code):
            call = re.sub(r"\s+", " ", match.group(1))
            if path in ("mod_gaokao/store/schema.c", "mod_gaokao/store/db.c", "mod_gaokao/store/health.c"):
                continue  # our own migrations; the function itself; checks of tables by the names the catalogue gives
            if BUILT.search(call.replace("act->db", "").replace("act->pool", "")) or '"' not in call:
                yield f"{path}: gk_db_script({call[:60]}...): only literal text"


main()
