"""Lists as files (issue 8, point 6; F8): what clerks filter comes out as CSV and XLSX that open as they should: nothing is a formula,
no digit is lost, no name is cut, and nobody else's candidates are in it."""
import csv
import io
import json
import os
import re
import struct
import time
import uuid
import zipfile
from xml.etree import ElementTree

import pytest

from gk_picture import accepted
from gk_world import id_number, reading, sql, staff

RARE = "\U00020bb7田·买买提"
NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
FORMULA = '=HYPERLINK("http://x.example","1")'


def job(client, kind, args):
    made = client.post("/jobs", {"kind": kind, "args": args}, expect=201).json()
    end = time.monotonic() + 120
    while made["state"] in ("queued", "running") and time.monotonic() < end:
        time.sleep(0.15)
        made = client.get(f"/jobs/{made['id']}", expect=200).json()
    assert made["state"] == "done", made
    reply = client.get(f"/jobs/{made['id']}/result", expect=200)
    return made, reply


def csv_rows(body, encoding="utf-8-sig"):
    return list(csv.DictReader(io.StringIO(body.decode(encoding), newline="")))


def workbook(body):
    """{sheet: [row, ...]} of a workbook, and the XML of its sheets; every cell has to be a text."""
    book = zipfile.ZipFile(io.BytesIO(body))
    assert book.testzip() is None
    names = [s.get("name") for s in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{{{NS['m']}}}sheet")]
    sheets, texts = {}, {}
    for at, name in enumerate(names, 1):
        texts[name] = book.read(f"xl/worksheets/sheet{at}.xml").decode("utf-8")
        rows = []
        for row in ElementTree.fromstring(texts[name]).iter(f"{{{NS['m']}}}row"):
            cells = {}
            for cell in row.iter(f"{{{NS['m']}}}c"):
                assert cell.get("t") == "inlineStr" and cell.find("m:f", NS) is None, ElementTree.tostring(cell)
                cells[re.match("[A-Z]+", cell.get("r")).group()] = "".join(t.text or "" for t in cell.iter(f"{{{NS['m']}}}t"))
            rows.append(cells)
        sheets[name] = [{rows[0][column]: value for column, value in row.items()} for row in rows[1:]]
    return sheets, texts


@pytest.fixture(scope="module")
def point(site, world):
    return staff(site, "point", world.own_point["code"], f"liste{uuid.uuid4().hex[:6]}", "张老师")


@pytest.fixture(scope="module")
def people(site, point):
    """A class of three; names and addresses that are hard on files."""
    subject = max(point.items(f"/ranges?org_id={point.me['org']['id']}"), key=lambda r: r["left"])["subject"]
    found = {}
    for at, (name, address) in enumerate(((RARE, FORMULA), ("向晚晴", "+86路,3号"), ("龙", "@SUM(1)"))):
        number = id_number("430102", "20070913", 31 + at)
        made = point.post("/readings", reading(name, number, subject), expect=201).json()["candidate_id"]
        one = point.get(f"/candidates/{made}", expect=200).json()
        registered = point.patch(f"/candidates/{made}", {"fields": {"address": address}}, version=one["version"], expect=200).json()["number"]
        sql(site, f"UPDATE candidate SET class = '导出班' WHERE id = {made}")
        found[registered] = (name, number, address)
    found["subject"] = subject
    return found


def test_csv_keeps_digits_and_defuses_formulas(site, point, people):
    made, reply = job(point, "export_csv", {"class": "导出班", "subject": people["subject"], "state": "identified"})
    assert reply.headers["Content-Type"].startswith("text/csv")
    assert reply.headers["Content-Disposition"].endswith('.csv"')
    assert reply.body.startswith(b"\xef\xbb\xbf") and b"\r\n" in reply.body
    rows = csv_rows(reply.body)
    assert made["result"]["candidates"] == made["total"] == len(rows) == 3
    for row in rows:
        number = row["报名顺序号"].strip('="')
        name, id_card, address = people[number]
        assert row["姓名"] == name
        assert row["证件号码"] == (id_card if id_card.endswith("X") else f'="{id_card}"')
        assert row["状态"] == "已读身份证"
        assert row["通讯地址"] == "'" + address, row
    for cell in (cell for row in rows for cell in row.values()):
        assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r") or re.fullmatch(r'="[0-9][0-9/:.,eE+ -]*"', cell), cell
    _, chinese = job(point, "export_csv", {"class": "导出班", "encoding": "GB18030"})
    assert csv_rows(chinese.body, "gb18030") == rows
    # At rest it is sealed; on record is how much went out, to whom, of what.
    kept = [os.path.join(site.path("data", "spool"), f) for f in os.listdir(site.path("data", "spool")) if f == f"job-{made['id']}.csv"]
    assert len(kept) == 1
    with open(kept[0], "rb") as file:
        held = file.read()
    assert RARE.encode() not in held and "报名顺序号".encode() not in held
    rows = sql(site, f"SELECT count(*) FROM audit WHERE action = 'export.candidates' AND actor_id = {point.me['account']['id']}")
    assert int(rows[0]) == 2


def test_xlsx_is_text_with_a_head_that_stays(world, point, people):
    if "export_xlsx" not in [p["name"] for p in world.people["province"].items("/plugins")]:
        pytest.skip("built without libxlsxwriter")
    made, reply = job(point, "export_xlsx", {"class": "导出班"})
    assert reply.headers["Content-Type"].startswith("application/vnd.openxmlformats-officedocument.spreadsheetml")
    sheets, texts = workbook(reply.body)
    rows = sheets["考生"]
    assert made["result"]["candidates"] == len(rows) == 3
    for row in rows:
        name, id_card, address = people[row["报名顺序号"]]
        assert (row["姓名"], row["证件号码"], row["通讯地址"]) == (name, id_card, address)
    main = texts["考生"]
    assert 'ySplit="1"' in main and 'state="frozen"' in main and "<autoFilter" in main
    assert re.search(r'<autoFilter ref="A1:[A-Z]+4"', main), main[-600:]
    assert len(re.findall(r"<col ", main)) > 3


def test_a_list_holds_the_own_subtree_only(site, world, point, people):
    county = world.people["county"]
    made, reply = job(county, "export_csv", {"state": "any", "kind": "all"})
    assert county.me["org"]["path"] and made["result"]["candidates"] >= 3
    numbers = {row["报名顺序号"].strip('="') for row in csv_rows(reply.body)}
    low = county.me["org"]["path"]
    wanted = sql(site, f"SELECT number FROM candidate WHERE org_path LIKE '{low}%' AND number IS NOT NULL AND state <> 'withdrawn'"
                 " AND season_id = (SELECT id FROM season WHERE active = 1)")
    assert numbers == set(wanted)
    one, reply = job(county, "export_csv", {"org_id": world.own_point["id"]})
    assert one["args"]["org"] == world.own_point["code"]
    assert {n for n in people if n != "subject"} <= {row["报名顺序号"].strip('="') for row in csv_rows(reply.body)} <= numbers
    art, reply = job(county, "export_csv", {"kind": "art"})
    assert art["result"]["candidates"] == int(sql(site, f"SELECT count(*) FROM candidate WHERE org_path LIKE '{low}%' AND art = 1"
                                                  " AND number IS NOT NULL AND state <> 'withdrawn'"
                                                  " AND season_id = (SELECT id FROM season WHERE active = 1)")[0])
    for who, role in ((point, "point"), (county, "county")):
        assert who.post("/jobs", {"kind": "export_xlsx", "args": {"org_id": world.outside["orgs"]}}).status == 404, role
    for role in ("reviewer", "auditor", "candidate"):
        assert world.people[role].post("/jobs", {"kind": "export_csv", "args": {}}).status == 403, role
    def refused(args, pointer, kind="export_csv"):
        reply = point.post("/jobs", {"kind": kind, "args": args}, expect=422)
        assert pointer in [v["pointer"] for v in reply.json()["violations"]], reply
    refused({"state": "waiting"}, "/args/state")
    refused({"encoding": "BIG5"}, "/args/encoding")
    refused({"encoding": "GB18030"}, "/args/encoding", "export_xlsx")
    refused({"org": world.own_point["code"]}, "/args/org")
    assert json.dumps(made["result"]).find("record_key") < 0


def dbf(body):
    """(rows as dicts of text, code page byte, columns as {name: (type, width)}) of a DBF, by its specification."""
    _, count, head, width = struct.unpack("<4sIHH", body[:12])
    columns = []
    for at in range(32, head - 1, 32):
        name = body[at:at + 11].split(b"\0")[0].decode("ascii")
        columns.append((name, chr(body[at + 11]), body[at + 16]))
    assert body[head - 1] == 0x0D and sum(c[2] for c in columns) + 1 == width
    assert len(body) in (head + count * width, head + count * width + 1), "the header says how long the file is"
    rows = []
    for n in range(count):
        line = body[head + n * width:head + (n + 1) * width]
        assert line[:1] == b" "
        at, row = 1, {}
        for name, _, size in columns:
            row[name] = line[at:at + size].decode("gbk").strip()
            at += size
        rows.append(row)
    return rows, body[29], {name: (kind, size) for name, kind, size in columns}


def bundle(body):
    book = zipfile.ZipFile(io.BytesIO(body))
    assert book.testzip() is None
    return {name: book.read(name) for name in book.namelist()}


def test_dbf_as_the_ministry_has_it(site, world, point, people):
    """IN-12: GBK, cut at a character's boundary, true header; the three tables, photos by number."""
    if "export_dbf" not in [p["name"] for p in world.people["province"].items("/plugins")]:
        pytest.skip("built without shapelib")
    numbers = [n for n in people if n != "subject"]
    first = next(n for n in numbers if people[n][0] == RARE)
    candidate = sql(site, f"SELECT id FROM candidate WHERE number = '{first}'")[0]
    one = point.get(f"/candidates/{candidate}", expect=200)
    resume = [{"start": "2020-09", "end": "2023-06", "school": "长" * 40, "witness": "李老师"}, {"start": "2023-09", "end": "2026-06", "school": "第一中学", "witness": "张老师"}]
    point.patch(f"/candidates/{candidate}", {"fields": {"resume": resume, "receiver": "收" * 20}}, version=one.headers["ETag"], expect=200)
    accepted(point, int(candidate), 7)
    sql(site, f"UPDATE candidate SET class = '导出班' WHERE id = {candidate}")
    made, reply = job(point, "export_dbf", {"class": "导出班", "photos": True})
    assert reply.headers["Content-Type"] == "application/zip" and reply.headers["Content-Disposition"].endswith('.zip"')
    files = bundle(reply.body)
    assert set(files) == {"T_BMK.dbf", "T_KSJL.dbf", "T_TJXX.dbf", f"photos/{first}.jpg"} and made["result"]["files"] == 4
    assert files[f"photos/{first}.jpg"].startswith(b"\xff\xd8\xff")
    stored = zipfile.ZipFile(io.BytesIO(reply.body)).getinfo(f"photos/{first}.jpg")
    assert stored.compress_type == zipfile.ZIP_STORED and stored.flag_bits == 0x800  # sizes before the bytes: readable as a stream
    held = next(e for e in world.people["province"].items("/audit?action=export.candidates") if e["actor"]["id"] == point.me["account"]["id"])
    said = {change["field"]: change["after"] for change in held["changes"]}
    assert (said["files"], said["photos"], said["candidates"]) == (4, 1, 3), said
    rows, page, columns = dbf(files["T_BMK.dbf"])
    assert page == 77 and made["result"]["candidates"] == len(rows) == 3
    by_number = {row["BMXH"]: row for row in rows}
    assert set(by_number) == set(numbers)
    season = point.get("/season", expect=200).json()
    id_column = "SFZH" if "2014" in json.dumps(season) else "ZJHM"
    for number in numbers:
        name, id_card, _ = people[number]
        assert by_number[number]["XM"] == name.replace("\U00020bb7", "??") and by_number[number][id_column] == id_card, number
    assert columns["KSH"] == ("C", 14) and ("CSNY" in columns or "CSRQ" in columns)
    career, _, columns = dbf(files["T_KSJL.dbf"])
    mine = [row for row in career if row["BMXH"] == first]
    assert [row["QSRQ"] for row in mine] == ["20200901", "20230901"] and columns["QSRQ"] == ("D", 8)
    assert mine[0]["JL"] == "长" * 30 and mine[1]["JL"] == "第一中学"
    _, _, columns = dbf(files["T_TJXX.dbf"])
    assert {"KSH", "TJXH", "YK_LYSLY", "WK_SG", "TJJLDM"} <= set(columns) and columns["WK_SG"][0] == "N"
    for role in ("auditor", "reviewer", "candidate"):
        assert world.people[role].post("/jobs", {"kind": "export_dbf", "args": {}}).status == 403
    reply = point.post("/jobs", {"kind": "export_dbf", "args": {"encoding": "UTF-8"}}, expect=422)
    assert reply.json()["violations"][0]["pointer"] == "/args/encoding"


def test_examinations_in_dbf(site, world):
    """What a county entered stands in T_TJXX under the ministry's names."""
    if "export_dbf" not in [p["name"] for p in world.people["province"].items("/plugins")]:
        pytest.skip("built without shapelib")
    _, reply = job(world.people["county"], "export_dbf", {"state": "any"})
    rows, _, _ = dbf(bundle(reply.body)["T_TJXX.dbf"])
    assert len(rows) == int(sql(site, "SELECT count(*) FROM candidate_part p JOIN candidate c ON c.id = p.candidate_id WHERE p.kind = 'examination' AND c.number IS NOT NULL"
                                f" AND c.state <> 'withdrawn' AND c.org_path LIKE '{world.people['county'].me['org']['path']}%'"
                                " AND c.season_id = (SELECT id FROM season WHERE active = 1)")[0])
    assert not rows or any(float(row["WK_SG"] or 0) > 80 for row in rows), rows[:2]


def test_a_file_a_point(site, world):
    """F8: what a county hands to its points; each file holds its own candidates, with the class in a column."""
    county = world.people["county"]
    made, reply = job(county, "export_csv", {"per_point": True, "state": "any"})
    files = bundle(reply.body)
    wanted = dict(line.split("|") for line in sql(site, "SELECT o.code || '|' || count(*) FROM candidate c JOIN org o ON o.id = c.org_id WHERE c.number IS NOT NULL"
                                                  f" AND c.state <> 'withdrawn' AND c.org_path LIKE '{county.me['org']['path']}%'"
                                                  " AND c.season_id = (SELECT id FROM season WHERE active = 1) GROUP BY o.code"))
    assert {name.removesuffix(".csv"): len(csv_rows(body)) for name, body in files.items()} == {code: int(n) for code, n in wanted.items()}
    assert made["result"]["files"] == len(wanted) and made["result"]["candidates"] == sum(map(int, wanted.values()))
    assert all("班级" in csv_rows(body)[0] for body in files.values())
    if "export_xlsx" in [p["name"] for p in world.people["province"].items("/plugins")]:
        _, reply = job(county, "export_xlsx", {"per_point": True, "state": "any"})
        for name, body in bundle(reply.body).items():
            assert len(workbook(body)[0]["考生"]) == int(wanted[name.removesuffix(".xlsx")])
