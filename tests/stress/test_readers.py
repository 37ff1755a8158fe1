"""The programs in which people open tables and maps read ours as they are: LibreOffice, and GDAL, which is QGIS's reader."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from exchange import client_of

from support import CATALOG, serving

pytestmark = pytest.mark.stress
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
AS_PEOPLE_IMPORT = "CSV:44,34,76,1,8/2"  # commas, quotation marks, UTF-8; the eighth column, code_insee, as text
FORMULAS_RUN = "CSV:44,34,76,1,,0,false,true,false,false,false,0,true"  # as people may choose, at their peril


def cells(sheet: Path) -> list[list[str]]:
    """Return what a spreadsheet shows, without empty ends of rows."""
    rows = []
    for row in ElementTree.parse(sheet).iter(f"{TABLE}table-row"):
        shown: list[str] = []
        for cell in row.findall(f"{TABLE}table-cell"):
            text = "\n".join("".join(line.itertext()) for line in cell.findall(f"{TEXT}p"))
            shown += [text] * min(int(cell.get(f"{TABLE}number-columns-repeated", "1")), 100)
        while shown and not shown[-1]:
            shown.pop()
        rows.append(shown)
    return [row for row in rows if row]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (libreoffice-calc) is not installed")
def test_libreoffice_opens_the_table_with_accents_and_codes(book_http: httpx.Client, tmp_path: Path) -> None:
    body = book_http.get("dumps/initiatives.csv").content
    (tmp_path / "table.csv").write_bytes(body)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = ["soffice", profile, "--headless", f"--infilter={AS_PEOPLE_IMPORT}", "--convert-to", "fods"]
    subprocess.run([*convert, "--outdir", tmp_path, tmp_path / "table.csv"], check=True, capture_output=True)
    expected = list(csv.reader(io.StringIO(body.decode(), newline="")))
    for row in expected:
        while row and not row[-1]:
            row.pop()
    assert cells(tmp_path / "table.fods") == expected


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (libreoffice-calc) is not installed")
def test_libreoffice_runs_no_cell_of_a_hostile_source(tmp_path: Path) -> None:
    texts = ["=1+1", "@SUM(A1)", "-2+3|cmd", '=HYPERLINK("http://x.example/")', 'l1\nl2, "q" ; é', "العربية 👩🏽‍💻"]
    hostile = [
        f"<http://data.example.org/id/{n}> <https://schema.org/name> {json.dumps(t, ensure_ascii=False)} ."
        for n, t in enumerate(texts)
    ]
    table = f"{CATALOG}<http://data.example.org/table/things> a <http://www.w3.org/ns/csvw#Table> ; dcterms:title 'Choses'@fr ; dcterms:isPartOf <http://data.example.org/dataset/small> ."
    query = "SELECT ?iri ?name { ?iri <https://schema.org/name> ?name }"
    (tmp_path / "source" / "tables").mkdir(parents=True)
    for name, text in {"data.ttl": "\n".join(hostile), "catalog.ttl": table, "tables/things.rq": query}.items():
        (tmp_path / "source" / name).write_text(text, "utf-8")
    with serving(tmp_path / "source", tmp_path / "releases") as server, client_of(server.base) as client:
        (tmp_path / "table.csv").write_bytes(client.get("dumps/things.csv").content)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = ["soffice", profile, "--headless", f"--infilter={FORMULAS_RUN}", "--convert-to", "fods"]
    subprocess.run([*convert, "--outdir", tmp_path, tmp_path / "table.csv"], check=True, capture_output=True)
    shown = [row[1] for row in cells(tmp_path / "table.fods")[1:]]
    assert shown == [f"'{text}" if text.startswith(("=", "@", "-")) else text for text in texts]
    assert "table:formula" not in (tmp_path / "table.fods").read_text("utf-8")


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="GDAL (gdal-bin) is not installed")
def test_qgis_reader_opens_the_layer_with_every_place(book_http: httpx.Client, tmp_path: Path) -> None:
    layer = book_http.get("dumps/initiatives.geojson").json()
    (tmp_path / "layer.geojson").write_bytes(book_http.get("dumps/initiatives.geojson").content)
    again = ["ogr2ogr", "-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=6"]
    subprocess.run([*again, tmp_path / "again.geojson", tmp_path / "layer.geojson"], check=True, capture_output=True)
    read = json.loads((tmp_path / "again.geojson").read_text("utf-8"))
    said = subprocess.run(
        ["ogrinfo", "-so", "-al", tmp_path / "layer.geojson"], check=True, capture_output=True, text=True
    )
    assert 'ID["EPSG",4326]' in said.stdout
    assert {f["properties"]["iri"]: (f["properties"]["initiative"], f["geometry"]) for f in read["features"]} == {
        f["properties"]["iri"]: (f["properties"]["initiative"], f["geometry"]) for f in layer["features"]
    }
