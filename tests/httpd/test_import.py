"""Imports (issue 8, point 8; issue 10, point 4; plan W8, F7; faults.md DI-10, PE-1, IN-8, IN-10, IN-11): what comes back from Excel in
every ugly form is read or refused with the row and the cure, a preview writes nothing, a job does it once, undo takes it back."""
import csv
import io
import json
import os
import time
import uuid
import zipfile

import pytest

from gk_table import Date, Formula, xlsx
from gk_world import id_number, sql, staff

OPEN = ("reviewed", "filling", "proofed", "confirmed")


def hand_in(client, kind, body, name="成绩.xlsx", expect=201):
    from urllib.parse import quote
    return client.request("POST", f"/imports?kind={kind}&name={quote(name)}", body, headers={"Content-Type": "application/octet-stream"}, expect=expect)


def settled(client, made, patience=120):
    end = time.monotonic() + patience
    while made["state"] in ("reading", "applying", "undoing") and time.monotonic() < end:
        time.sleep(0.1)
        made = client.get(f"/imports/{made['id']}", expect=200).json()
    return made


def preview(client, kind, body, name="成绩.xlsx"):
    made = settled(client, hand_in(client, kind, body, name).json())
    return made, rows_of(client, made)


def rows_of(client, made, show=""):
    rows, after = [], ""
    while True:
        page = client.get(f"/imports/{made['id']}/rows?limit=200{after}{show}", expect=200).json()
        rows += page["items"]
        if not page["next"]:
            return rows
        after = f"&after={page['next']}"


def step(client, made, what, body=None, expect=200):
    reply = client.post(f"/imports/{made['id']}/{what}", body or {}, version=made["version"], expect=expect)
    return settled(client, reply.json()) if expect == 200 else reply.json()


def grades_of(client, candidate, kind="grades"):
    parts = client.get(f"/candidates/{candidate['id']}/parts", expect=200).json()["items"]
    return next(p for p in parts if p["id"] == kind)


@pytest.fixture(scope="module")
def county(site, world):
    return staff(site, "county", world.people["county"].me["org"]["code"], f"imp{uuid.uuid4().hex[:6]}", "导入员")


@pytest.fixture(scope="module")
def people(county):
    found = [c for c in county.items("/candidates?limit=200") if c["state"] in OPEN]
    assert len(found) >= 4, [c["state"] for c in county.items("/candidates?limit=200")]
    return found


@pytest.fixture(scope="module")
def levels(world):
    rows = world.people["province"].get("/season/tables/level", expect=200).json()["rows"]
    return [(row[0], row[1]) for row in rows]


def test_excel_brought_back_ugly_is_read(site, county, people, levels):
    """One workbook with what clerks do to one: title above, headings over two rows in another order, a hidden sheet first, total row
    below, blanks in names, full-width digits, apostrophes, numbers that lost a zero, formulas with values, a hidden row, spaces."""
    a, b, c, d = people[:4]
    code, name = levels[0]
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    spaced = a["name"][0] + "　" + a["name"][1:]
    rows = [["2026年成绩表", None, None, None, None, None],
            ["姓 名", "学业水平考试", None, None, "报名\n顺序号 *", "备注"],
            [None, "语文成绩", "数学（等第）", "外语", None, None],
            [spaced, name, code, code, a["number"].translate(wide), "x"],
            [],
            [b["name"], code, " " + name + " ", None, int(b["number"]), None],
            [c["name"], Formula('"A"', name), None, Formula("VLOOKUP(A1,B:B,2,0)", "#N/A", error=True), "'" + c["number"], None],
            [d["name"], None, None, Formula("A1"), d["number"] + "\u00a0", None],
            ["别人", code, None, None, d["number"], None],
            ["合 计", 4, None, None, None, None]]
    body = xlsx([("旧表", [["报名顺序号", "姓名", "语文", "数学", "外语", "物理", "化学"], ["x"]], "hidden"), ("Sheet2", [[]]), ("成绩", rows)],
                hidden_rows=(6,))
    made, seen = preview(county, "grades", body)
    assert made["state"] == "ready", made
    assert made["sheet"] == 2 and made["header_row"] == 3
    assert [c["field"] for c in made["columns"]] == ["name", "grade_chinese", "grade_maths", "grade_language", "number", None]
    assert made["counts"]["aside"] == 1 and made["counts"]["hidden"] == 1
    by = {row["n"]: row for row in seen}
    assert sorted(by) == [4, 6, 7, 8, 9]
    assert by[4]["verdict"] in ("change", "same") and by[4]["number"] == a["number"], by[4]
    assert by[6]["hidden"] and by[6]["number"] == b["number"] and not by[6]["faults"]
    assert by[7]["verdict"] == "invalid" and "#N/A" in by[7]["faults"][0]["zh"] and by[7]["faults"][0]["field"] == "grade_language"
    assert by[8]["verdict"] == "duplicate" and "公式" in json.dumps(by[8]["faults"], ensure_ascii=False)
    assert by[9]["verdict"] == "duplicate" and "别人" in json.dumps(by[9]["faults"], ensure_ascii=False)
    errors = rows_of(county, made, "&show=errors")
    assert [row["n"] for row in errors] == [7, 8, 9]
    # Nothing was written, and at rest nothing can be read.
    assert grades_of(county, a)["version"] == int(sql(site, f"SELECT coalesce(max(version), 0) FROM candidate_part WHERE candidate_id = {a['id']} AND kind = 'grades'")[0])
    assert int(sql(site, f"SELECT count(*) FROM import_row WHERE import_id = {made['id']} AND key_id = ''")[0]) == 0


def test_csv_xml_and_what_is_none(county, people, levels):
    a = people[0]
    code = levels[0][0]
    table = f"报名顺序号;姓名;语文\r\n{a['number']};{a['name']};{code}\r\n"
    for body, name, encoding, separator in (
            (table.encode("gb18030"), "a.csv", "GB18030", ";"),
            (b"\xff\xfe" + table.replace(";", "\t").encode("utf-16-le"), "a.txt", "UTF-16", "\t")):
        made, rows = preview(county, "grades", body, name)
        assert (made["state"], made["encoding"], made["separator"]) == ("ready", encoding, separator), made
        assert len(rows) == 1 and rows[0]["number"] == a["number"] and rows[0]["name"] == a["name"] and not rows[0]["faults"], rows
    xml = f'<?xml version="1.0"?><成绩><考生><BMXH>{a["number"]}</BMXH><grade_chinese>{code}</grade_chinese></考生></成绩>'
    made, rows = preview(county, "grades", xml.encode(), "a.xml")
    assert made["format"] == "xml" and rows[0]["number"] == a["number"], made
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", '<workbook><sheets><sheet name="a" id="r1"/></sheets></workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", '<R><Relationship Id="r1" Target="s.xml"/></R>')
        book.writestr("xl/s.xml", b"<worksheet><sheetData>" + b"<row><c><v>1</v></c></row>" * 1000 + b" " * 40_000_000 + b"</sheetData></worksheet>")
    for body, word in ((b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xls"),
                       (b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
                       (bomb.getvalue(), "解开后过大"),
                       (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><a><b><c>&x;</c></b></a>', "DOCTYPE"),
                       (zipfile_of("content.xml"), ".ods"), (zipfile_of("a.jpg"), "压缩包"),
                       (xlsx([("a", [["x"]])])[:-60], "损坏")):
        made = settled(county, hand_in(county, "grades", body, "a.xlsx").json())
        assert made["state"] == "unreadable" and word in made["fault"]["zh"] and made["fault"]["en"], made


def zipfile_of(path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr(path, "x")
    return file.getvalue()


def test_id_numbers_that_excel_has_cut(county, people):
    """IN-11: the row, the column, the cure; never rounded."""
    number = id_number("430102", "20070913", 88)
    rows = [["身份证号", "语文"], [4.30102200709131e17, "A"], [number[:15] + "000", "A"], ["4.30102E+17", "A"], [number, "A"], [430102070913123, "A"]]
    made, seen = preview(county, "grades", xlsx([("a", rows)], inline=True))
    faults = {row["n"]: [f["code"] for f in row["faults"]] for row in seen}
    assert faults[2] == faults[4] == ["exponent"], seen
    assert faults[3] == ["cut"] and faults[6] == ["id-number-as-number"]
    assert seen[3]["verdict"] == "unknown"
    assert "文本" in seen[0]["faults"][0]["zh"] and seen[0]["faults"][0]["field"] == "id_number"
    assert made["counts"]["bad"] == 5
    assert step(county, made, "apply", expect=409)["code"] == "wrong-state"


def test_columns_are_put_right_once(county, people, levels):
    """What a person says a heading means is remembered for the unit and the kind."""
    a, code = people[0], levels[0][0]
    heading = "YW" + uuid.uuid4().hex[:6]
    body = xlsx([("a", [["编码", heading], [a["number"], code]])])
    made, rows = preview(county, "grades", body)
    assert made["state"] == "mapping" and not rows and made["columns"][0]["samples"] == [a["number"]], made
    wrong = county.patch(f"/imports/{made['id']}", {"columns": ["number", "number"]}, version=made["version"], expect=422).json()
    assert wrong["violations"][0]["pointer"] == "/columns/1"
    made = settled(county, county.patch(f"/imports/{made['id']}", {"columns": ["number", "grade_chinese"]}, version=made["version"], expect=200).json())
    assert made["state"] == "ready" and [c["source"] for c in made["columns"]] == ["chosen", "chosen"]
    again, rows = preview(county, "grades", body)
    assert [c["source"] for c in again["columns"]] == ["remembered", "remembered"] and rows[0]["number"] == a["number"], again


def test_a_table_without_headings(site, county, people, levels):
    """The first row is somebody: it is no heading, is imported like the others, and no name of it is kept where it can be read."""
    (a, b), code = people[:2], levels[0][0]
    body = f"{a['number']},{a['name']},{code}\r\n{b['number']},{b['name']},{code}\r\n".encode()
    made, rows = preview(county, "grades", body, "无表头.csv")
    assert made["state"] == "mapping" and made["header_row"] == 0 and [c["heading"] for c in made["columns"]] == [""] * 3, made
    assert made["columns"][0]["samples"] == [a["number"], b["number"]]
    columns = ["number", "name", "grade_chinese"]
    made = settled(county, county.patch(f"/imports/{made['id']}", {"columns": columns}, version=made["version"], expect=200).json())
    assert made["state"] == "ready" and [r["number"] for r in rows_of(county, made)] == [a["number"], b["number"]], made
    # A person says that the first row is the headings: what stands there is remembered, and can't be read.
    made = settled(county, county.patch(f"/imports/{made['id']}", {"header_row": 1, "columns": columns}, version=made["version"], expect=200).json())
    assert [r["number"] for r in rows_of(county, made)] == [b["number"]] and made["columns"][1]["heading"] == a["name"], made
    made = settled(county, county.patch(f"/imports/{made['id']}", {"header_row": 0}, version=made["version"], expect=200).json())
    assert made["header_row"] == 0 and made["state"] == "mapping", made
    kept = sql(site, "SELECT heading FROM import_heading")
    assert kept and all(len(heading) == 64 and set(heading) <= set("0123456789abcdef") for heading in kept), kept


def test_another_sheet_of_one_that_cant_be_read(county, people, levels):
    bomb = io.BytesIO()
    def sheet(*rows):
        return "".join("<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in row) + "</row>" for row in rows)
    code, number = levels[0][0], people[0]["number"]
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", '<workbook><sheets><sheet name="旧" id="r1"/><sheet name="成绩" id="r2"/></sheets></workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", '<R><Relationship Id="r1" Target="s.xml"/><Relationship Id="r2" Target="t.xml"/></R>')
        book.writestr("xl/s.xml", "<worksheet><sheetData>" + sheet(("报名顺序号", "姓名", "语文")) + " " * 40_000_000 + "</sheetData></worksheet>")
        book.writestr("xl/t.xml", f"<worksheet><sheetData>{sheet(('报名顺序号', '语文'), (number, code))}</sheetData></worksheet>")
    made, _ = preview(county, "grades", bomb.getvalue())
    assert made["state"] == "unreadable" and [s["name"] for s in made["sheets"]] == ["旧", "成绩"], made
    made = settled(county, county.patch(f"/imports/{made['id']}", {"sheet": 1}, version=made["version"], expect=200).json())
    assert made["state"] == "ready" and rows_of(county, made)[0]["number"] == number, made


def test_apply_once_and_undo_as_a_whole(site, county, people, levels):
    """Every row one version and one audit row; undo gives what was there; what was touched since stays and is named (DI-10)."""
    some = people[:4]
    before = [grades_of(county, c)["fields"] for c in some]
    marks = [next(l for l in levels if l[0] != was.get("grade_history"))[0] for was in before]
    table = io.StringIO()
    csv.writer(table).writerows([["报名顺序号", "姓名", "历史"]] + [[c["number"], c["name"], m] for c, m in zip(some, marks)])
    made, rows = preview(county, "grades", ("\ufeff" + table.getvalue()).encode(), "历史.csv")
    assert made["counts"]["change"] == 4 and all(r["after"] == {"grade_history": m} for r, m in zip(rows, marks)), rows
    versions = {c["id"]: county.get(f"/candidates/{c['id']}", expect=200).json()["version"] for c in some}
    made = step(county, made, "apply")
    assert made["state"] == "applied" and made["counts"]["applied"] == 4 and made["job"]["state"] == "done", made
    for c, mark in zip(some, marks):
        one = county.get(f"/candidates/{c['id']}", expect=200).json()
        assert grades_of(county, c)["fields"]["grade_history"] == mark and one["version"] == versions[c["id"]] + 1
    assert step(county, made, "apply", expect=409)["code"] == "wrong-state"
    # One is touched since: nothing is undone without saying so.
    touched = some[0]
    other = next(l for l in levels if l[0] != marks[0])[0]
    version = county.get(f"/candidates/{touched['id']}", expect=200).json()["version"]
    county.put(f"/candidates/{touched['id']}/grades", {"fields": {"grade_history": other}}, version=version, expect=200)
    made = step(county, made, "undo")
    assert made["state"] == "applied" and made["counts"]["touched"] == 1, made
    left = rows_of(county, made, "&show=touched")
    assert [r["number"] for r in left] == [touched["number"]] and left[0]["faults"][0]["code"] == "touched"
    assert grades_of(county, some[1])["fields"]["grade_history"] == marks[1]
    made = step(county, made, "undo", {"partial": True})
    assert made["state"] == "undone" and made["counts"]["undone"] == 3 and made["counts"]["touched"] == 1, made
    assert [grades_of(county, c)["fields"] for c in some[1:]] == before[1:]
    assert grades_of(county, touched)["fields"]["grade_history"] == other
    ids = ",".join(str(c["id"]) for c in some)
    rows = sql(site, f"SELECT count(*) FROM audit WHERE object_kind = 'candidate' AND action = 'candidate.grades' AND object_id IN ({ids})")
    assert int(rows[0]) >= 8
    done = site.ctl("audit", "verify", check=False)
    assert done.returncode == 0, done.stdout


def test_between_preview_and_apply(county, people, levels):
    """Who was changed after the preview is left alone and named; the others are done."""
    a, b = people[:2]
    was = [grades_of(county, c)["fields"].get("grade_biology") for c in (a, b)]
    mark = [next(l[0] for l in levels if l[0] != w) for w in was]
    body = xlsx([("a", [["报名顺序号", "生物"], [a["number"], mark[0]], [b["number"], mark[1]]])])
    made, _ = preview(county, "grades", body)
    other = next(l[0] for l in levels if l[0] not in (was[0], mark[0]))
    version = county.get(f"/candidates/{a['id']}", expect=200).json()["version"]
    county.put(f"/candidates/{a['id']}/grades", {"fields": {"grade_biology": other}}, version=version, expect=200)
    made = step(county, made, "apply")
    assert (made["counts"].get("applied"), made["counts"].get("failed")) == (1, 1), made
    assert grades_of(county, a)["fields"]["grade_biology"] == other and grades_of(county, b)["fields"]["grade_biology"] == mark[1]
    assert [r["number"] for r in rows_of(county, made, "&show=failed")] == [a["number"]]
    assert step(county, made, "undo")["state"] == "undone"


def test_twice_in_one_file_and_other_peoples(world, county, people, levels):
    """Two rows about one person are both refused; rows of another area refuse the file (PE-1), and tell nothing of it."""
    a, code = people[0], levels[0][0]
    far = world.far_operator.get(f"/candidates/{world.outside['candidates']}", expect=200).json()
    rows = [["报名顺序号", "语文"], [a["number"], code], [a["number"], code], [far["number"], code], ["99999999", code]]
    made, seen = preview(county, "grades", xlsx([("a", rows)]))
    assert [r["verdict"] for r in seen] == ["duplicate", "duplicate", "outside", "unknown"], seen
    assert seen[2]["name"] is None and seen[2]["candidate_id"] is None and seen[2]["before"] == {}
    assert step(county, made, "apply", expect=409)["code"] == "conflict"
    assert world.far_staff.get(f"/imports/{made['id']}").status == 404
    point = world.people["point"]
    assert hand_in(point, "grades", b"a,b\n1,2\n", expect=403).json()["code"] == "forbidden"
    for role in ("reviewer", "auditor", "province", "candidate"):
        assert hand_in(world.people[role], "bonus", b"a", expect=403).status == 403, role


def test_bonus_is_confirmed_by_import(county, world, people):
    """加分: materials and the decision in one row; approving asks for what is missing, refusing for a reason."""
    a, b = people[:2]
    table = world.people["province"].get("/season/tables/bonus", expect=200).json()["rows"][0]
    head = ["报名顺序号", "姓名", "照顾项目", "分值", "证明材料", "公示起", "公示止", "审核结果", "原因"]
    rows = [["照顾名单"], head,
            [a["number"], a["name"], table[1], "１０", "获奖证书", Date(46344), "2026年12月1日", "通过", None],
            [b["number"], b["name"], table[0], 5, None, None, None, "通过", None],
            [b["number"], b["name"], table[0], 5, None, None, None, "不予照顾", None]]
    made, seen = preview(county, "bonus", xlsx([("a", rows)]))
    assert seen[0]["verdict"] == "change" and seen[0]["after"]["verdict"] == "approve", seen[0]
    assert seen[0]["after"]["published_from"] == "2026-11-18" and seen[0]["after"]["published_to"] == "2026-12-01", seen[0]
    assert all(r["verdict"] in ("invalid", "duplicate") for r in seen[1:]), seen
    nobody = people[2]
    assert grades_of(county, nobody, "bonus")["version"] == 0
    _, seen = preview(county, "bonus", xlsx([("a", [["报名顺序号", "审核结果", "原因"], [nobody["number"], "不予照顾", "无材料"]])]))
    assert seen[0]["verdict"] == "stage" and "还没有录入" in seen[0]["faults"][0]["zh"], seen
    version = county.get(f"/candidates/{nobody['id']}", expect=200).json()["version"]
    refusal = {"verdict": "refuse", "reason": "无材料", "fields": {}}
    county.post(f"/candidates/{nobody['id']}/bonus/decision", refusal, version=version, expect=409)
    was = grades_of(county, a, "bonus")
    made = step(county, made, "apply")
    assert made["counts"]["applied"] == 1 and grades_of(county, a, "bonus")["state"] == "approved", made
    assert step(county, made, "undo")["state"] == "undone"
    assert {**grades_of(county, a, "bonus"), "version": 0, "updated_at": 0, "updated_by": 0} == {**was, "version": 0, "updated_at": 0, "updated_by": 0}


def test_template_comes_back(county, world, people, levels):
    """The template is text throughout, names the unit, and its own example row is left out."""
    for kind in ("examination", "grades", "bonus", "roll"):
        body = county.get(f"/imports/template.xlsx?kind={kind}", expect=200).body
        book = zipfile.ZipFile(io.BytesIO(body))
        assert book.testzip() is None
        first = book.read("xl/worksheets/sheet1.xml").decode()
        assert county.me["org"]["name"] in first and "dataValidation" in first and 'ySplit="2"' in first
        assert '<row r="1" ht="22"' in first  # LibreOffice cut the title
        assert "说明" in book.read("xl/workbook.xml").decode() and 'numFmtId="49"' in book.read("xl/styles.xml").decode()
        made, rows = preview(county, kind, body, "模板.xlsx")
        assert made["state"] == "ready" and not rows and all(c["field"] for c in made["columns"]), (kind, made)


def test_roll_types_people_in(site, world, people):
    """学籍: the school's list makes records that wait for the city, fills those that are there, and undo withdraws them again (F7)."""
    point = staff(site, "point", world.own_point["code"], f"roll{uuid.uuid4().hex[:6]}", "学籍员")
    subject = max(point.items(f"/ranges?org_id={point.me['org']['id']}"), key=lambda r: r["left"])["subject"]
    numbers = [id_number("430102", "20070315", 201 + i) for i in range(3)]
    rows = [["学籍名册"], ["序号", "姓名", "性别", "民族", "出生年月", "身份证号码", "科类", "班级名称"],
            [1, "覃 小满", "男", "土家族", Date(39156), numbers[0].lower(), subject, "高三（1）班"],
            [2, "龙浩", "男", "汉", "20070315", numbers[1], subject, "高三（1）班"],
            [3, "石磊", "女", "汉族", "2007.3.15", numbers[2], subject, "高三（2）班"]]
    made, seen = preview(point, "roll", xlsx([("名册", rows)]))
    assert [r["verdict"] for r in seen] == ["create", "create", "invalid"], seen
    assert [f["field"] for f in seen[2]["faults"]] == ["sex"]
    made = step(point, made, "apply")
    assert made["counts"]["applied"] == 2, (made, rows_of(point, made))
    waiting = [c for c in point.items("/candidates?state=waiting") if c["class"] == "高三（1）班"]
    assert {c["name"] for c in waiting} >= {"龙浩"} and len(waiting) == 2, waiting
    again, seen = preview(point, "roll", xlsx([("名册", rows[:4])]))
    assert [r["verdict"] for r in seen] == ["same", "same"], seen
    made = step(point, made, "undo")
    assert made["state"] == "undone" and made["counts"]["undone"] == 2, (made, rows_of(point, made))
    assert not [c for c in point.items("/candidates?state=waiting") if c["class"] == "高三（1）班"]
    # Somebody else's number: named, nothing is made, and it counts as the single try does (ID-17).
    far = world.far_operator.get(f"/candidates/{world.outside['candidates']}", expect=200).json()["fields"]["id_number"]
    tries = "SELECT coalesce(sum(n), 0) FROM watch_count WHERE kind = 'duplicates'"
    had = int(sql(site, tries)[0])
    _, seen = preview(point, "roll", xlsx([("名册", [rows[1], [1, "覃小满", "男", "土家族", "20070315", far, subject, "高三（1）班"]])]))
    assert [r["verdict"] for r in seen] == ["outside"] and int(sql(site, tries)[0]) == had + 1, seen
    # Whose data were deleted since has nothing to be taken back; the others have.
    people = [id_number("430102", "20070315", 211 + i) for i in range(2)]
    made, _ = preview(point, "roll", xlsx([("名册", [rows[1]] + [[i, f"彭{i}", "男", "汉", "20070315", n, subject, "高三（3）班"]
                                                             for i, n in zip("一二", people)])]))
    made = step(point, made, "apply")
    gone = rows_of(point, made)[0]["candidate_id"]
    assert made["counts"]["applied"] == 2 and gone
    sql(site, f"UPDATE record_key SET wrapped = {chr(39) * 2}, destroyed_us = 1 WHERE kind = 'candidate' AND candidate_id = {gone}")
    made = step(point, made, "undo")
    assert made["state"] == "applied" and made["counts"]["touched"] == 1, made
    assert "已经删除" in rows_of(point, made, "&show=touched")[0]["faults"][0]["zh"]
    made = step(point, made, "undo", {"partial": True})
    assert made["state"] == "undone" and (made["counts"]["undone"], made["counts"]["touched"]) == (1, 1), made["job"]


def workers(site):
    """Processes of this instance's job runner."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if words[0].endswith("gaokao-worker") and "--photo" not in words and any(site.folder in word for word in words):
            found.append(int(name))
    return found


def done_rows(site, made):
    return int(sql(site, f"SELECT count(*) FROM import_row WHERE import_id = {made['id']} AND outcome = 'applied'")[0])


def test_a_killed_or_cancelled_import_goes_on(site, world):
    """kill -9 of the worker in the middle, then a cancel: each row is done once, with one version and one audit row (R1 to R3)."""
    point = staff(site, "point", world.own_point["code"], f"kill{uuid.uuid4().hex[:6]}", "学籍员")
    subject = max(point.items(f"/ranges?org_id={point.me['org']['id']}"), key=lambda r: r["left"])["subject"]
    people, name = 150, "中断班"
    rows = [["姓名", "性别", "民族", "出生日期", "身份证号", "科类", "班级"]] + [
        ["石" + "甲乙丙丁戊己庚辛壬癸"[i % 10] + "子丑寅卯辰巳午未申酉戌亥"[i % 12], "男", "汉族", "2007-04-%02d" % (1 + i % 28),
         id_number("430102", "200704%02d" % (1 + i % 28), 100 + i), subject, name] for i in range(people)]
    made, _ = preview(point, "roll", xlsx([("a", rows)]), "名册.xlsx")
    assert made["counts"]["create"] == people, made["counts"]
    made = point.post(f"/imports/{made['id']}/apply", {}, version=made["version"], expect=200).json()
    site.wait(lambda: done_rows(site, made) > 2, 60, "some rows are done")
    for pid in workers(site):
        site.kill(pid)
    at = done_rows(site, made)
    sql(site, f"UPDATE job SET lease_until_us = 1 WHERE id = {made['job']['id']}")  # the lease of the dead, run out
    site.wait(lambda: done_rows(site, made) > at or at == people, 120, "another worker goes on")
    point.post(f"/jobs/{made['job']['id']}/cancel", {}, expect=(200, 409))
    site.wait(lambda: point.get(f"/imports/{made['id']}", expect=200).json()["state"] in ("stopped", "applied"), 120, "it is over")
    made = point.get(f"/imports/{made['id']}", expect=200).json()
    if made["state"] == "stopped":
        made = step(point, made, "apply")
    assert made["state"] == "applied" and made["counts"]["applied"] == people, (made, at)
    waiting = [c for c in point.items("/candidates?state=waiting&limit=200") if c["class"] == name]
    assert len(waiting) == people and {c["version"] for c in waiting} == {1}, len(waiting)
    ids = ",".join(str(c["id"]) for c in waiting)
    rows = sql(site, f"SELECT count(*) FROM audit WHERE action = 'candidate.create' AND object_kind = 'candidate' AND object_id IN ({ids})")
    assert int(rows[0]) == people
    made = step(point, made, "undo")
    assert made["state"] == "undone" and made["counts"]["undone"] == people, made
    assert not [c for c in point.items("/candidates?state=waiting&limit=200") if c["class"] == name]
