"""Tables as clerks send them: XLSX written by hand, so that every ugliness of Excel can be made (tests of imports)."""
import io
import zipfile
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STYLES = (f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/></numFmts>'
          '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="176"/></cellXfs></styleSheet>')


def column(index):
    return chr(65 + index) if index < 26 else chr(64 + index // 26) + chr(65 + index % 26)


class Date:
    """A serial number formatted as a date."""
    def __init__(self, serial, style=1):
        self.serial, self.style = serial, style


class Formula:
    def __init__(self, text, value=None, error=False):
        self.text, self.value, self.error = text, value, error


def cell(place, value, shared):
    if value is None:
        return f'<c r="{place}" s="0"/>'
    if isinstance(value, Date):
        return f'<c r="{place}" s="{value.style}"><v>{value.serial}</v></c>'
    if isinstance(value, Formula):
        kind = ' t="e"' if value.error else ' t="str"' if isinstance(value.value, str) else ""
        held = "" if value.value is None else f"<v>{escape(str(value.value))}</v>"
        return f'<c r="{place}"{kind}><f>{escape(value.text)}</f>{held}</c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    if shared is None:
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    if value not in shared:
        shared.append(value)
    return f'<c r="{place}" t="s"><v>{shared.index(value)}</v></c>'


def sheet_xml(rows, shared, hidden=()):
    out = []
    for number, row in enumerate(rows, 1):
        cells = "".join(cell(f"{column(i)}{number}", value, shared) for i, value in enumerate(row))
        mark = ' hidden="1"' if number in hidden else ""
        out.append(f'<row r="{number}"{mark}>{cells}</row>' if cells else "")
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(out)}</sheetData></worksheet>'


def xlsx(sheets, inline=False, hidden_rows=(), extra=(), date1904=False):
    """sheets: [(name, rows)] or [(name, rows, "hidden")]."""
    shared = None if inline else []
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        names, relations = [], []
        for at, (name, rows, *state) in enumerate(sheets, 1):
            book.writestr(f"xl/worksheets/sheet{at}.xml", sheet_xml(rows, shared, hidden_rows))
            mark = ' state="hidden"' if state else ""
            names.append(f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"{mark}/>')
            relations.append(f'<Relationship Id="rId{at}" Target="worksheets/sheet{at}.xml" Type="x/worksheet"/>')
        if shared is not None:
            texts = "".join(f'<si><r><t xml:space="preserve">{escape(t)}</t></r><rPh sb="0" eb="1"><t>ping</t></rPh></si>' for t in shared)
            book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{texts}</sst>')
        book.writestr("xl/styles.xml", STYLES)
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="http://r"><workbookPr date1904="{int(date1904)}"/>'
                      f'<sheets>{"".join(names)}</sheets></workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships>{"".join(relations)}</Relationships>')
        for path, text in extra:
            book.writestr(path, text)
    return file.getvalue()
