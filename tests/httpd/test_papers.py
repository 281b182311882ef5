"""Papers as PDF (W2, W4, W5, W7, W9; PE-6, ID-10): what is on them is read back with pdftotext and zbarimg, a jammed page is
printed again with the same passwords, nobody loses a name to a font, and each leaves its audit row."""
import collections
import re
import shutil
import subprocess
import time
import uuid

import pytest

from gk_picture import accepted
from gk_world import id_number, reading, sql, staff

TOOLS = [name for name in ("pdftotext", "pdfinfo", "pdftoppm", "pdfimages", "zbarimg") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(TOOLS), reason=f"not installed: {', '.join(TOOLS)} (poppler-utils, zbar-tools)")
RARE = "\U00020bb7"          # 𠮷, in Noto
NOWHERE = "\U0002ebf0"       # of Extension I, in no font of ours
LONG_NAME = "买买提·阿卜杜热合曼·" + "艾合" * 24 + "丁"


class Paper:
    """A PDF as people see it: words, codes, pages."""

    def __init__(self, folder, body):
        assert body.startswith(b"%PDF-") and body.rstrip().endswith(b"%%EOF"), body[:60]
        self.path = folder / f"{uuid.uuid4().hex}.pdf"
        self.path.write_bytes(body)

    def tool(self, *command):
        return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode("utf-8")

    def text(self, *pages):
        what = ["-f", str(pages[0]), "-l", str(pages[-1])] if pages else []
        return self.tool("pdftotext", *what, "-raw", str(self.path), "-")

    def plain(self, *pages):
        """Without white space: a long name stands on several lines."""
        return re.sub(r"\s", "", self.text(*pages))

    def info(self, name):
        return re.search(rf"^{name}:\s+(.*)$", self.tool("pdfinfo", str(self.path)), re.M).group(1)

    def pages(self):
        return int(self.info("Pages"))

    def codes(self, page=1):
        base = str(self.path)[:-4]
        self.tool("pdftoppm", "-r", "150", "-gray", "-png", "-f", str(page), "-l", str(page), "-singlefile", str(self.path), base)
        found = subprocess.run(["zbarimg", "--nodbus", "-q", "--raw", base + ".png"], capture_output=True, check=False, timeout=60)
        return sorted(found.stdout.decode("utf-8").split())


@pytest.fixture
def fetch(tmp_path):
    def get(client, path, **more):
        reply = client.get(path, expect=200, **more)
        assert reply.headers["Content-Type"] == "application/pdf"
        assert reply.headers["Content-Disposition"].split(";")[0] in ("inline", "attachment")
        paper = Paper(tmp_path, reply.body)
        words = paper.plain(1)  # every paper names who printed it, when, and which page of how many it is
        assert re.search(r"第\d+页/共\d+页", words) and re.search(r"\d{4}-\d\d-\d\d\d\d:\d\d打?印?", words), words[:400]
        assert client.me["account"]["login"] in words, words[-200:]
        return paper
    return get


def job(client, kind, args, expect="done"):
    made = client.post("/jobs", {"kind": kind, "args": args}, expect=201).json()
    end = time.monotonic() + 120
    while made["state"] in ("queued", "running") and time.monotonic() < end:
        time.sleep(0.15)
        made = client.get(f"/jobs/{made['id']}", expect=200).json()
    assert made["state"] == expect, made
    return made


def register(operator, name, serial, **more):
    ranges = operator.items(f"/ranges?org_id={operator.me['org']['id']}")
    subject = max(ranges, key=lambda r: r["left"])["subject"]
    body = reading(name, id_number("430102", "20070911", serial), subject, **more)
    return operator.post("/readings", body, expect=201).json()["candidate_id"]


@pytest.fixture(scope="module")
def point(site, world):
    """An operator of the demonstration's point, with a name of their own."""
    return staff(site, "point", world.own_point["code"], f"drucker{uuid.uuid4().hex[:6]}", "张老师")


@pytest.fixture(scope="module")
def people(site, point):
    """Freshly read in: a rare character, a long name, one that no font has; of two classes."""
    ids = [register(point, name, 20 + i) for i, name in enumerate(["向晚晴", RARE + "田·买买提", LONG_NAME[:60], "石" + NOWHERE, "龙", "彭若曦"])]
    for i, one in enumerate(ids):
        sql(site, f"UPDATE candidate SET class = '高三（{2 if i % 2 else 10}）班' WHERE id = {one}")
    return ids


def number_of(client, one):
    return client.get(f"/candidates/{one}", expect=200).json()["number"]


def in_fours(number):
    return f"{number[:4]} {number[4:]}"


# ---- login cards -------------------------------------------------------------------------------------------

def test_cards_by_class_and_a_page_that_jammed(site, point, people, fetch, tmp_path):
    """W4, F2, PE-6: ten on a page, a page for each class (2 before 10), codes that open /ks filled in, and pages printed again
    that keep every password. Who can't be printed is named with the character and stays as before."""
    made = job(point, "print_cards", {"ids": people})
    result = made["result"]
    lost = [one for one in people if one == people[3]]
    assert [s["id"] for s in result["skipped"]] == lost and result["skipped"][0]["code"] == "glyph-missing"
    assert "U+2EBF0" in result["skipped"][0]["zh"] and "U+2EBF0" in result["skipped"][0]["en"]
    assert result["people"] == 5 and result["pages"] == 2 and "ids" not in result
    assert point.get(f"/candidates/{people[3]}").json()["state"] == "identified"
    paper = fetch(point, f"/jobs/{made['id']}/result")
    assert paper.pages() == 2 and paper.info("Page size").startswith("595.2") and "A4" in paper.info("Page size")
    first, second = paper.plain(1), paper.plain(2)
    assert "高三（2）班" in first and "高三（10）班" in second and "高三（10）班" not in first
    assert RARE + "田·买买提" in first and "彭若曦" in first and LONG_NAME[:60] in second and "向晚晴" in second
    assert "张老师" in first and "第1页/共2页" in first and "第2页/共2页" in second and site.logins()["point"]["org"]["code"] in first
    cards = {}
    for page in (1, 2):
        for code in paper.codes(page):
            found = re.fullmatch(r"http://127\.0\.0\.1:\d+/ks/#n=(\d{8})&p=([2-9a-z]{10})", code)
            assert found, code
            cards[found.group(1)] = found.group(2)
    assert sorted(cards) == sorted(number_of(point, one) for one in people if one != people[3])
    for number, password in cards.items():
        assert in_fours(number) in paper.text() and f"{password[:4]}-{password[4:8]}-{password[8:]}" in paper.text()
        row = point.get(f"/candidates?q={number}").json()["items"][0]
        assert row["state"] == "card_printed"
        assert point.get(f"/candidates/{row['id']}").json()["fields"]["id_number"] in paper.text()
    # Page 2 jammed: the same page, the same passwords, the same numbering; nobody's state moves.
    again = job(point, "print_cards", {"job": made["id"], "first_page": 2, "last_page": 2})
    repeated = fetch(point, f"/jobs/{again['id']}/result")
    assert repeated.pages() == 1 and repeated.codes() == paper.codes(2) and "第2页/共2页" in repeated.plain()
    # A single card is the same too; a new password is another act, and only then the card changes (ID-10).
    one = people[0]
    number = number_of(point, one)
    single = fetch(point, f"/candidates/{one}/papers/card.pdf")
    assert single.codes() == [f"{code}" for code in paper.codes(2) if number in code]
    record = point.get(f"/candidates/{one}", expect=200)
    new = point.post(f"/candidates/{one}/new-slip", {"card_seen": True}, version=record.headers["ETag"], expect=200).json()["password"]
    assert new != cards[number] and fetch(point, f"/candidates/{one}/papers/card.pdf").codes()[0].endswith("&p=" + new)
    later = job(point, "print_cards", {"job": made["id"]})
    assert any(code.endswith("&p=" + new) for code in fetch(point, f"/jobs/{later['id']}/result").codes(2))
    # With a box in its place the fourth has a card after all.
    boxed = job(point, "print_cards", {"ids": [people[3]], "missing": "box"})
    assert boxed["result"]["skipped"] == [] and fetch(point, f"/jobs/{boxed['id']}/result").pages() == 1
    reply = point.get(f"/candidates/{people[3]}/papers/card.pdf")
    assert reply.status == 422 and reply.json()["code"] == "glyph-missing" and "U+2EBF0" in reply.json()["detail"]
    fetch(point, f"/candidates/{people[3]}/papers/card.pdf?missing=box")
    # On record: each card, each batch, each look.
    actions = collections.Counter(sql(site, f"SELECT action FROM audit WHERE object_id IN ({','.join(map(str, people))}) AND object_kind = 'candidate'"))
    assert actions["candidate.card"] + actions["candidate.card_again"] >= 6 and actions["candidate.paper.read"] >= 3 and actions["candidate.new_slip"] == 1
    assert int(sql(site, f"SELECT count(*) FROM audit WHERE action = 'job.print' AND object_id IN ({made['id']}, {again['id']})")[0]) == 2
    done = site.ctl("audit", "verify", check=False)  # a paper printed again, a new password: no new version of the record
    assert done.returncode == 0, done.stdout
    # Where it lies it is sealed, and the row holds no name.
    kept = sql(site, f"SELECT args, result FROM job WHERE id = {made['id']}")[0]
    assert "晚晴" not in kept and cards[number] not in kept
    spool = subprocess.run(["grep", "-c", "-a", "%PDF-", site.path("data", "spool", f"job-{made['id']}.pdf")], capture_output=True, check=False)
    assert spool.stdout.strip() == b"0"


def test_a_new_password_asks_when_the_first_was_used(site, world, point, people):
    """PE-6: whoever has signed in may only have mislaid the card; both kinds of people are asked for, on the server too."""
    one = people[5]
    def renew(**more):
        record = point.get(f"/candidates/{one}", expect=200)
        return point.post(f"/candidates/{one}/new-slip", {"card_seen": True, **more}, version=record.headers["ETag"])
    first = renew().json()
    from gk_client import Client
    Client(site, "ks").sign_in(first["number"], first["password"], change_to="Wode-mima-2026")
    refused = renew(used=False)
    assert refused.status == 422 and [(v["pointer"], v["code"]) for v in refused.json()["violations"]] == [("/used", "used")], refused
    assert Client(site, "ks").sign_in(first["number"], "Wode-mima-2026").me["candidate_id"] == one
    assert renew(used=True).status == 200
    county = world.people["county"]
    made = county.post("/accounts", {"role": "point", "org_id": world.own_point["id"], "login": f"gebraucht{uuid.uuid4().hex[:6]}"}, expect=201).json()
    password = county.post("/accounts/slips", {"ids": [made["id"]]}, expect=200).json()["items"][0]["password"]
    Client(site).sign_in(made["login"], password, change_to="Wode-mima-2026-lang")
    seen = county.get(f"/accounts/{made['id']}", expect=200)
    path = f"/accounts/{made['id']}/new-slip"
    assert county.post(path, {}, version=seen.headers["ETag"]).status == 422
    assert county.post(path, {"used": True}, version=seen.headers["ETag"]).status == 200


def test_letter_paper_keeps_its_margins(point, people, fetch):
    """Eight cards on letter, and nothing nearer to its edges than 5 mm."""
    made = job(point, "print_cards", {"ids": people[:3], "paper": "letter"})
    paper = fetch(point, f"/jobs/{made['id']}/result")
    assert "letter" in paper.info("Page size") and len(paper.codes(1)) + len(paper.codes(2)) == 3
    sheet = next(c for c in in_state(point, "confirmed"))
    for sheets in (paper, fetch(point, f"/candidates/{sheet['id']}/papers/proof.pdf?paper=letter"), fetch(point, f"/candidates/{sheet['id']}/papers/form.pdf?paper=letter")):
        inside_letter(sheets)


def inside_letter(paper):
    assert "letter" in paper.info("Page size")
    boxes = paper.tool("pdftotext", "-bbox", str(paper.path), "-")
    for x1, y1, x2, y2 in re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)"', boxes):
        assert float(x1) > 14 and float(x2) < 612 - 14 and float(y1) > 14 and float(y2) < 792 - 14


def test_login_sheet_and_roster(world, point, people, fetch):
    made = job(point, "print_login_sheet", {"ids": people[:3] + people[4:]})
    sheet = fetch(point, f"/jobs/{made['id']}/result")
    words = sheet.plain()
    assert "网报登录表" in words and LONG_NAME[:60] in words and RARE + "田·买买提" in words and words.count("本人签收") == 2
    for one in people[:3]:
        password = fetch(point, f"/candidates/{one}/papers/card.pdf").codes()[0].rsplit("=", 1)[1]
        assert f"{password[:4]}-{password[4:8]}-{password[8:]}" in words
    made = job(point, "print_roster", {"class": "高三（2）班"})
    roster = fetch(point, f"/jobs/{made['id']}/result").plain()
    for row in point.items("/candidates"):  # everybody of the class with the whole name and number, nobody else
        if row["class"] == "高三（2）班" and row["state"] != "withdrawn" and row["id"] != people[3]:
            assert re.sub(r"\s", "", row["name"]) in roster and row["number"] in roster, row
    assert "考生花名册" in roster and RARE + "田·买买提" in roster and "已打印登录卡" in roster and "第1页/共1页" in roster
    county = world.people["county"]
    whole = job(county, "print_roster", {"org_id": point.me["org"]["id"]})
    assert "彭若曦" in fetch(county, f"/jobs/{whole['id']}/result").plain()


# ---- proof, form, receipt ----------------------------------------------------------------------------------

def in_state(client, state):
    return [c for c in client.items(f"/candidates?state={state}") if c["class"]]


def test_proof_names_its_version_and_what_changed(site, point, fetch):
    """W7: the sheet has every text of the record with its codes spelled out; the next one says what changed; the one before is void."""
    one = next(c for c in in_state(point, "filling") if sql(site, f"SELECT count(*) FROM proof WHERE candidate_id = {c['id']}") == ["0"]
               and not point.get(f"/candidates/{c['id']}/verdicts", expect=200).json().get("missing"))
    record = point.get(f"/candidates/{one['id']}", expect=200)
    made = job(point, "print_proofs", {"ids": [one["id"]]})
    if made["result"]["skipped"]:
        pytest.skip(f"the demonstration's record can't be proofed: {made['result']['skipped']}")
    record = point.get(f"/candidates/{one['id']}", expect=200).json()
    first = fetch(point, f"/jobs/{made['id']}/result")
    proof = point.get(f"/candidates/{one['id']}/proofs/{record['proof_version']}", expect=200).json()
    words = first.plain()
    assert record["state"] == "proofed" and "第一版校对表" in words
    for section in proof["document"]["sections"]:
        for field in section["fields"]:
            assert re.sub(r"\s", "", field["zh"]) in words
            cells = [field] if not field.get("rows") else [cell for row in field["rows"] for cell in row]
            for cell in cells:
                text = (cell.get("text") or {}).get("zh") or cell.get("value") or ""
                assert re.sub(r"\s", "", text) in words, (field["zh"], text)
    name = f"{record['number']}/{record['proof_version']}/{proof['digest'][:8]}"
    assert first.codes() == [name]
    single = fetch(point, f"/candidates/{one['id']}/papers/proof.pdf")
    # The head bears who printed it and when, to the minute.
    moment = re.compile(r"\d{4}-\d\d-\d\d ?\d\d:\d\d")
    assert moment.sub("", single.plain().replace(" ", "").split("打印")[0][:400]) == moment.sub("", words.split("打印")[0][:400])
    assert single.codes() == [name]
    # The clerk changes a field: the sheet is void, the next one says what changed.
    changed = point.patch(f"/candidates/{one['id']}", {"fields": {"mobile": "13900001234"}, "reason": "考生要求更正"},
                          version=record["version"], expect=200).json()
    old = fetch(point, f"/candidates/{one['id']}/papers/proof.pdf?version={record['proof_version']}")
    assert "本版已失效" in old.plain() and point.get(f"/candidates/{one['id']}/papers/form.pdf").status == 409
    point.post(f"/candidates/{one['id']}/proof", {}, version=changed["version"], expect=200)
    second = fetch(point, f"/candidates/{one['id']}/papers/proof.pdf")
    assert "▲联系手机" in second.plain() and f"与上一版（第{record['proof_version']}版" in second.plain() and "联系手机已改" in second.plain()
    assert second.codes() != [name]
    form = fetch(point, f"/candidates/{one['id']}/papers/form.pdf")
    assert "考生报名登记表" in form.plain() and form.codes() == second.codes() and "考生签字" in form.plain()
    # With a photo, which goes into the file byte for byte, beside a code that can be read.
    assert point.get(f"/candidates/{one['id']}", expect=200).json()["state"] == "proofed"
    photo = accepted(point, one["id"], 77)
    # It is another sheet with it: the one before is void, and the next one's code is another.
    now = point.get(f"/candidates/{one['id']}", expect=200)
    assert (now.json()["state"], now.json()["proof_version"]) == ("filling", 0)
    assert point.get(f"/candidates/{one['id']}/papers/form.pdf").status == 409
    point.post(f"/candidates/{one['id']}/proof", {}, version=now.headers["ETag"], expect=200)
    seen = point.get(f"/candidates/{one['id']}/photo/{photo}", expect=200).body
    with_photo = fetch(point, f"/candidates/{one['id']}/papers/proof.pdf")
    with_photo.tool("pdfimages", "-all", "-f", "1", "-l", "1", str(with_photo.path), str(with_photo.path)[:-4])
    assert seen in [file.read_bytes() for file in with_photo.path.parent.glob(f"{with_photo.path.stem}-*.jpg")]
    third = with_photo.codes()
    assert third != second.codes() and "尚未采集" not in with_photo.plain()
    # A batch of the class takes who is ready and names who is not; its pages come again as they were.
    batch = job(point, "print_proofs", {"class": record["fields"]["class"]})
    assert batch["result"]["pages"] >= 1
    repeated = job(point, "print_proofs", {"job": batch["id"], "first_page": 1, "last_page": 1})
    assert fetch(point, f"/jobs/{repeated['id']}/result").codes() == fetch(point, f"/jobs/{batch['id']}/result").codes(1)
    forms = job(point, "print_forms", {"ids": [one["id"]]})
    assert fetch(point, f"/jobs/{forms['id']}/result").codes() == third


def test_receipt_in_words_and_figures(point, fetch):
    one = in_state(point, "confirmed")[0]
    fee = point.get(f"/candidates/{one['id']}", expect=200).json()["fee"]["paid"]
    words = fetch(point, f"/candidates/{one['id']}/papers/receipt.pdf").plain()
    assert words.count(one["name"]) == 2 and words.count(fee["receipt"]) == 2 and "存根联" in words and "考生联" in words
    assert f"¥{fee['fen'] // 100}.{fee['fen'] % 100:02d}" in words and {14000: "壹佰肆拾元整", 12000: "壹佰贰拾元整"}.get(fee["fen"], "元") in words


# ---- slips, submissions, counts ----------------------------------------------------------------------------

def test_slips_open_the_console(site, world, fetch):
    """W2: printed for whoever has no own password; the code opens /hngz filled in; the page comes again with the same password."""
    county = world.people["county"]
    made = county.post("/accounts", {"role": "point", "org_id": world.own_point["id"], "login": f"zettel{uuid.uuid4().hex[:6]}",
                                     "display_name": "李老师"}, expect=201).json()
    printed = job(county, "print_slips", {"ids": [made["id"]]})
    paper = fetch(county, f"/jobs/{printed['id']}/result")
    found = re.fullmatch(rf"http://[\d.:]+/hngz/#n={made['login']}&p=([2-9a-z]{{10}})", paper.codes()[0])
    assert found and made["login"] in paper.plain() and "李老师" in paper.plain()
    again = job(county, "print_slips", {"job": printed["id"], "first_page": 1})
    assert fetch(county, f"/jobs/{again['id']}/result").codes() == paper.codes()
    from gk_client import Client
    Client(site).sign_in(made["login"], found.group(1))


def test_submission_sheet_and_counts(site, world, fetch):
    county = world.people["county"]
    digest, anchor = "ab12" * 16, "7:0123456789abcdef"
    sql(site, "INSERT INTO submission (season_id, org_id, org_path, level, kind, state, total, counts, digest, submitted_by, submitted_us, audit_anchor)"
        f" SELECT s.id, o.id, o.path, 'point', 'all', 'submitted', 12, '{{\"1\": 5, \"5\": 7}}', '{digest}', 1, 1764460800000000, '{anchor}'"
        f" FROM season s, org o WHERE s.active = 1 AND o.id = {world.own_point['id']}")
    mine = int(sql(site, "SELECT max(id) FROM submission")[0])
    try:
        paper = fetch(county, f"/submissions/{mine}/sheet.pdf")
        words = paper.plain()
        assert digest in words and anchor in words and "12人" in words and "历史类" in words and "合计" in words
        assert paper.codes() == [f"GKS/{mine}/{digest[:16]}/{anchor}"]
    finally:
        sql(site, f"DELETE FROM submission WHERE id = {mine}")
    point = world.people["point"]
    counts = fetch(point, "/progress/counts.pdf").plain()
    total = point.get("/progress", expect=200).json()["total"]["total"]
    assert "按科类" in counts and "按学校、班级" in counts and f"合计{total}" in counts
    assert "按单位" in fetch(county, "/progress/counts.pdf").plain()


# ---- what is refused ---------------------------------------------------------------------------------------

def test_wishes_that_make_no_sense(world, point, people):
    def refused(kind, args, pointer):
        reply = point.post("/jobs", {"kind": kind, "args": args}, expect=422)
        assert pointer in [v["pointer"] for v in reply.json()["violations"]], reply
    refused("print_cards", {}, "/args")
    refused("print_proofs", {"class": "没有这个班"}, "/args")
    refused("print_cards", {"ids": people[:1], "paper": "a5"}, "/args/paper")
    refused("print_cards", {"job": 999999}, "/args/job")
    refused("print_cards", {"ids": people[:1], "job": 1}, "/args/job")
    refused("print_cards", {"job": 1, "first_page": 5, "last_page": 2}, "/args/last_page")
    refused("print_slips", {}, "/args/ids")
    assert point.post("/jobs", {"kind": "print_cards", "args": {"ids": [world.outside["candidates"]]}}).status == 404
    assert point.post("/jobs", {"kind": "export_xml", "args": {}}).status == 403
    assert world.people["county"].post("/jobs", {"kind": "print_cards", "args": {"ids": people[:1]}}).status == 403
    withdrawn = [c for c in point.items("/candidates?state=withdrawn")]
    for one in withdrawn[:1]:
        assert point.get(f"/candidates/{one['id']}/papers/card.pdf").status == 409
