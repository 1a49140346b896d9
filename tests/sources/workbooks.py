"""Workbooks of a few parts, written by hand."""

import io
import zipfile

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def bare(sheet: str | bytes, shared: str | bytes = "", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A workbook of as few parts as may be, written by hand."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method, compresslevel=1) as parts:
        parts.writestr(
            "xl/workbook.xml",
            f'<workbook {SPACE} xmlns:r="{RELATIONS}"><sheets><sheet name="A" r:id="r1"/></sheets></workbook>',
        )
        parts.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships><Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/a.xml"/>'
            "</Relationships>",
        )
        parts.writestr("xl/worksheets/a.xml", sheet)
        if shared:
            parts.writestr("xl/sharedStrings.xml", shared)
    return out.getvalue()


def grid(rows: str) -> str:
    return f"<worksheet {SPACE}><sheetData>{rows}</sheetData></worksheet>"
