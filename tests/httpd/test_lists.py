"""Lists as files (issue 8, point 6; F8): what clerks filter comes out as CSV and XLSX that open as they should: nothing is a formula,
no digit is lost, no name is cut, and nobody else's candidates are in it."""
import csv
import io
import json
import os
import re
import time
import uuid
import zipfile
from xml.etree import ElementTree

import pytest

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
