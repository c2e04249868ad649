"""Tables of samples: what is read, what is filled in, and each slip with its own message."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgtlearn import datasets, measure
from cgtlearn.datasets import cards
from cgtlearn.errors import LearnerError

FULL = """\
# Simulated. No row is a person.
ID,TIME,DV,AMT,EVID,MDV,CENS,LLOQ,AGE,PRODUCT
1,0,.,1e8,1,1,0,.,61,A
1,0,50,0,0,0,1,50,61,A
1,7,1200.5,0,0,0,0,50,61,A
1,14,800,0,0,0,0,50,61,A
2,0,.,2e8,1,1,0,.,.,B
2,7,90,0,0,0,0,50,.,B
2,28,10,0,0,0,1,50,.,B
"""


@pytest.fixture
def file(tmp_path):
    """A CSV file with the given text."""

    def write(text, name="mine.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


# --- reading -----------------------------------------------------------------------------------


def test_a_full_table(file):
    table = datasets.load(file(FULL), units={"TIME": "d", "dv": "copies/µg", "AGE": "years"})
    assert len(table) == 7
    assert table.patients() == (1, 2)
    assert table["TIME"].tolist() == [0, 0, 7, 14, 0, 7, 28]
    assert np.isnan(table["DV"][0]) and table["DV"][2] == 1200.5
    assert table["AMT"].tolist() == [1e8, 0, 0, 0, 2e8, 0, 0]
    assert table["EVID"].dtype == np.int64 and table["CENS"].tolist() == [0, 1, 0, 0, 0, 0, 1]
    # A flagged sample stands at its limit, whatever was written there (10 in the last line).
    assert table["DV"][-1] == 50
    assert table["AGE"][0] == 61 and np.isnan(table["AGE"][-1])
    assert table["PRODUCT"].tolist() == ["A"] * 4 + ["B"] * 3
    assert list(table.columns)[:8] == list(datasets.STANDARD)
    assert table.units == {"TIME": "d", "DV": "copies/µg", "AGE": "years"}


def test_parts_of_a_table(file):
    table = datasets.load(file(FULL))
    assert len(table.patient(2)) == 3 and table.patient(2).patients() == (2,)
    assert len(table.observations()) == 5 and not np.isnan(table.observations()["DV"]).any()
    assert table.doses()["AMT"].tolist() == [1e8, 2e8]
    times, values, censored, lloq = table.curve(1)
    assert times.tolist() == [0, 7, 14] and values.tolist() == [50, 1200.5, 800]
    assert censored.tolist() == [True, False, False] and lloq == 50
    assert repr(table) == "<Table of 7 rows, 2 patients: mine.csv>"


def test_describe(file):
    table = datasets.load(file(FULL), units={"TIME": "d", "DV": "copies/µg", "AGE": "years"})
    assert table.describe().splitlines() == [
        "2 patients, 5 samples, 2 doses (mine.csv)",
        "TIME  0 to 28 d",
        "DV    50 to 1,200 copies/µg",
        "LLOQ  50 copies/µg; 2 of 5 samples below it (40%)",
        "also  AGE (years), PRODUCT",
    ]
    bare = datasets.from_columns({"TIME": [0, 1], "DV": [1, 2]}).describe()
    assert "(unit not stated)" in bare and "LLOQ  not stated" in bare
    doses = datasets.load(file(FULL)).doses().describe()
    assert doses == "2 patients, 0 samples, 2 doses (mine.csv)\nalso  AGE, PRODUCT"


def test_a_learners_own_table(file):
    text = "day;copies;wbc\n0;0;3,5\n7;12500,5;4\n\n14;900;.\n;;\n"
    table = datasets.load(
        file(text),
        columns={"TIME": "day", "DV": "copies"},
        units={"TIME": "d", "DV": "copies/µg"},
        lloq=50,
        censor=True,
        decimal=",",
    )
    assert table.patients() == (1,)
    assert table["DV"].tolist() == [50, 12500.5, 900]
    assert table["CENS"].tolist() == [1, 0, 0]
    assert table["wbc"][0] == 3.5
    curve = table.curve(1)
    found = measure.exposure(
        curve.times, curve.values, (0, 14), lloq=curve.lloq, censored=curve.censored
    )
    assert found.cmax == 12500.5 and found.below_limit == 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_case_and_byte_order_mark(file, separator):
    text = "time,Dv,id\n0,1,P01\n1,2,P01\n0,3,P02\n".replace(",", separator)
    table = datasets.load(file(text, encoding="utf-8-sig"))
    assert table.patients() == ("P01", "P02")
    assert table.curve("P02").values.tolist() == [3]
    assert table.curve("P01").lloq is None


def test_windows_line_ends_and_quotes(file):
    table = datasets.load(file('TIME,DV,NOTE\r\n0,1,"a, b"\r\n1,2,c\r\n'))
    assert table["NOTE"].tolist() == ["a, b", "c"]


def test_defaults():
    table = datasets.from_columns({"time": [0, 0, 5], "dv": [np.nan, 3, 4], "amt": [100, 0, 0]})
    assert table["ID"].tolist() == [1, 1, 1]
    assert table["EVID"].tolist() == [1, 0, 0] and table["MDV"].tolist() == [1, 0, 0]
    assert table["CENS"].tolist() == [0, 0, 0] and np.isnan(table["LLOQ"]).all()


def test_a_flag_without_a_limit_makes_the_value_the_limit():
    table = datasets.from_columns({"TIME": [0, 1], "DV": [25, 90], "CENS": [1, 0]})
    assert table["LLOQ"][0] == 25 and np.isnan(table["LLOQ"][1])
    assert table.curve(1).lloq == 25


def test_a_number_stands_for_the_column():
    table = datasets.from_columns({"ID": 7, "TIME": [0, 1], "DV": [60, 90], "LLOQ": 50})
    assert table.patients() == (7,) and table["LLOQ"].tolist() == [50, 50]


def test_a_sample_at_the_time_of_the_dose_is_no_duplicate(file):
    assert datasets.load(file(FULL)).curve(1).times[0] == 0


def test_two_patients_may_share_a_time():
    table = datasets.from_columns({"ID": [1, 1, 2], "TIME": [0, 5, 5], "DV": [1, 2, 3]})
    assert table.curve(2).times.tolist() == [5]


def test_columns_cannot_be_changed_by_accident():
    table = datasets.from_columns({"TIME": [0, 1], "DV": [1, 2]})
    with pytest.raises(ValueError, match="read-only"):
        table["DV"][0] = 9
    with pytest.raises(TypeError):
        table.columns["DV"] = np.zeros(2)


def test_from_columns_leaves_the_callers_arrays_alone():
    times, weights = np.array([0.0, 1.0]), np.array([70.0, 70.0])
    datasets.from_columns({"TIME": times, "DV": [1, 2], "WT": weights})
    times[0], weights[0] = -1.0, 71.0
    assert times[0] == -1 and weights[0] == 71


def test_round_trip(file, tmp_path):
    table = datasets.load(file(FULL))
    table.to_csv(tmp_path / "again.csv", comment="Simulated.\nNo row is a person.")
    text = (tmp_path / "again.csv").read_text(encoding="utf-8")
    assert text.startswith("# Simulated.\n# No row is a person.\nID,TIME,DV,")
    assert "\n1,7,1200.5,0,0,0,0,50,61,A\n" in text
    same_columns(table, datasets.load(tmp_path / "again.csv"))


def same_columns(a, b):
    assert list(a.columns) == list(b.columns)
    for name in a.columns:
        np.testing.assert_array_equal(a[name], b[name])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(1e-3, 1e3), st.floats(0, 1e12)), min_size=1, max_size=12),
    st.floats(1e-3, 1e6),
)
def test_any_censored_table_survives_a_round_trip(tmp_path_factory, steps, lloq):
    table = datasets.from_columns(
        {"TIME": np.cumsum([s for s, _ in steps]), "DV": [v for _, v in steps]},
        lloq=lloq,
        censor=True,
    )
    path = tmp_path_factory.getbasetemp() / "round_trip.csv"
    table.to_csv(path)
    same_columns(table, datasets.load(path))
    assert (table["DV"] >= lloq).all()
    assert table["CENS"].tolist() == [int(v < lloq) for _, v in steps]


# --- slips -------------------------------------------------------------------------------------

HEAD = "ID,TIME,DV,CENS,LLOQ\n"
SLIPS = {
    "empty": ("", "empty", "right file"),
    "only comments": ("# nothing\n\n", "empty", "right file"),
    "only a header": ("TIME,DV\n", "without rows", "was saved"),
    "no DV": ("TIME,conc\n0,1\n", "the columns TIME, conc", '"DV": "conc"'),
    "no TIME": ("day,DV\n0,1\n", "the columns day, DV", '"TIME": "day"'),
    "nearest column": ("TIMES,DV\n0,1\n", "the columns TIMES", '"TIME": "TIMES"'),
    "no candidate": ("a,DV\n0,1\n", "the columns a, DV", '"TIME": "your column"'),
    "column twice": ("TIME,DV,dv\n0,1,1\n", "two columns DV", "rename or delete"),
    "column without a name": ("TIME,DV,\n0,1,3\n", "column 3 without a name", "name it"),
    "text": ("TIME,DV\n0,1\n1,abc\n", r"DV = 'abc' in line 3 of mine\.csv", "write a number"),
    "text in time": ("TIME,DV\nday 1,1\n", r"TIME = 'day 1' in line 2", "without unit"),
    "text below comments": ("# a\n# b\nTIME,DV\n0,x\n", "DV = 'x' in line 4", "write a number"),
    "underscore": ("TIME,DV\n0,1_000\n", "'1_000'", "write a number"),
    "infinite": ("TIME,DV\n0,inf\n", "'inf'", "write a number"),
    "below the limit as text": ("TIME,DV\n0,<50\n", "'<50'", "1 in a column CENS"),
    "not detected": ("TIME,DV\n0,n.d.\n", "'n.d.'", "1 in a column CENS"),
    "below, in words": ("TIME,DV\n0,below limit\n", "'below limit'", "1 in a column CENS"),
    "BLQ": ("TIME,DV\n0,BLQ\n", "'BLQ'", "1 in a column CENS"),
    "decimal comma": ("TIME;DV\n0;3,5\n", "'3,5'", 'decimal=","'),
    "decimal comma splits": ("TIME,DV\n0,3,5\n", "3 entries in line 2", "decimal comma splits"),
    "short row": ("TIME,DV\n0\n", "1 entries in line 2", "complete the line"),
    "units row": ("TIME,DV\nd,copies/µg\n0,1\n", "a row of units", '"DV": "copies/µg"'),
    "no time": ("TIME,DV\n.,1\n", "TIME = nothing in line 2", "fill it in"),
    "no DV in a sample": ("TIME,DV,MDV\n0,.,0\n", "no DV in a sample", "leave the row out"),
    "negative DV": ("TIME,DV\n0,1\n1,-2\n", "DV below zero, in line 3", "logarithms"),
    "unsorted": ("TIME,DV\n0,1\n5,1\n3,1\n", "TIME = 3 in line 4 .* after 5", "sort the table"),
    "same time": ("TIME,DV\n0,1\n0,2\n", "second sample at TIME = 0 in line 3", "average"),
    "patient in two blocks": (
        "ID,TIME,DV\n1,0,1\n2,0,1\n1,1,1\n",
        "patient 1 again in line 4",
        "sort the table by ID",
    ),
    "no ID": ("ID,TIME,DV\n1,0,1\n,1,1\n", "no ID in line 3", "fill the ID down"),
    "broken ID": ("ID,TIME,DV\n1.5,0,1\n", "ID = 1.5", "number the patients"),
    "below, no flag": (HEAD + "1,0,20,0,50\n", r"without a flag.*DV = 20", "censor=True"),
    "flag above": (HEAD + "1,0,90,1,50\n", "DV above LLOQ with CENS 1", "one unit"),
    "limit of zero": (HEAD + "1,0,90,0,0\n", "zero or below", "assay's limit"),
    "flag on a gap": (
        "TIME,DV,MDV,CENS\n0,.,1,1\n",
        "CENS 1 in a row that is not a sample",
        "CENS to 0",
    ),
    "wrong CENS": (HEAD + "1,0,90,2,50\n", "CENS = 2 in line 2", "slipped sideways"),
    "wrong EVID": ("TIME,DV,EVID\n0,1,7\n", "EVID = 7", "slipped sideways"),
    "no EVID": ("TIME,DV,EVID\n0,1,.\n", "EVID = nothing", "fill it in"),
    "negative dose": ("TIME,DV,AMT\n0,1,-5\n", "AMT below zero", "sign"),
    "dose without EVID": ("TIME,DV,AMT,EVID\n0,1,5,0\n", "EVID is not 1", "EVID to 1"),
    "dose with a sample": ("TIME,DV,AMT,EVID,MDV\n0,1,5,1,0\n", "MDV 0", "its own row"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_each_slip_has_its_message(file, slip):
    text, given_part, do_part = SLIPS[slip]
    with pytest.raises(LearnerError, match=given_part) as caught:
        datasets.load(file(text))
    assert do_part in caught.value.do
    assert caught.value.expected


def test_what_is_not_a_table(file, tmp_path):
    spreadsheet = tmp_path / "book.xlsx"
    spreadsheet.write_bytes(b"PK\x03\x04...")
    with pytest.raises(LearnerError, match="spreadsheet"):
        datasets.load(spreadsheet)
    with pytest.raises(LearnerError, match="not UTF-8"):
        datasets.load(file("TIME,DV (µg)\n0,1\n", encoding="latin-1"))
    with pytest.raises(LearnerError, match="folder"):
        datasets.load(tmp_path)
    file(FULL, "patients.csv")
    with pytest.raises(LearnerError, match="did you mean .*patients.csv"):
        datasets.load(tmp_path / "patient.csv")
    with pytest.raises(LearnerError, match="does not exist") as caught:
        datasets.load(tmp_path / "nowhere" / "patient.csv")
    assert "working folder" in caught.value.do
    for nothing in (None, "", 3, [1, 2]):
        with pytest.raises(LearnerError, match="path of a CSV file"):
            datasets.load(nothing)


def test_arguments_of_load(file):
    path = file("TIME,DV\n0,60\n")
    with pytest.raises(LearnerError, match="'TIMES'.*") as caught:
        datasets.load(path, columns={"TIME": "TIMES"})
    assert "did you mean 'TIME'" in caught.value.do
    with pytest.raises(LearnerError, match="column 'DVV'"):
        datasets.load(path, units={"DVV": "copies/µg"})
    with pytest.raises(LearnerError, match="decimal"):
        datasets.load(path, decimal=";")
    with pytest.raises(LearnerError, match="lloq"):
        datasets.load(path, lloq=-5)
    with pytest.raises(LearnerError, match="one of the two"):
        datasets.load(file(HEAD + "1,0,90,0,50\n"), lloq=50)
    # 1.500 is one and a half here and fifteen hundred there.
    with pytest.raises(LearnerError, match="this one has a point"):
        datasets.load(file("TIME;DV\n0;1.500\n"), decimal=",")
    with pytest.raises(LearnerError, match="write a number"):
        datasets.load(file("TIME;DV\n0;1.500,5\n"), decimal=",")
    text = datasets.load(file("TIME;DV;NOTE\n0;1,5;1.5\n"), decimal=",")["NOTE"]
    assert text.tolist() == ["1.5"]


def test_from_columns_refuses():
    with pytest.raises(LearnerError, match="mapping"):
        datasets.from_columns([0, 1])
    with pytest.raises(LearnerError, match="one length"):
        datasets.from_columns({"TIME": [0, 1], "DV": [1, 2, 3]})
    with pytest.raises(LearnerError, match="one length"):
        datasets.from_columns({"TIME": [[0, 1]], "DV": [[1, 2]]})
    with pytest.raises(LearnerError, match="each name once"):
        datasets.from_columns({"TIME": [0], "time": [0], "DV": [1]})
    with pytest.raises(LearnerError, match="numbers"):
        datasets.from_columns({"TIME": [0, 1], "DV": ["1", "<50"]})
    with pytest.raises(LearnerError, match="DV = inf in row 1"):
        datasets.from_columns({"TIME": [0, 1], "DV": [1, np.inf]})
    with pytest.raises(LearnerError, match="rename it to DV"):
        datasets.from_columns({"TIME": [0, 1], "conc": [1, 2]})
    with pytest.raises(LearnerError, match="without rows"):
        datasets.from_columns({"TIME": [], "DV": []})


def test_names_that_do_not_exist(file):
    table = datasets.load(file(FULL))
    with pytest.raises(LearnerError, match="did you mean 'PRODUCT'"):
        table["product"]
    with pytest.raises(LearnerError, match="patient '3'"):
        table.patient(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(LearnerError, match="write 1"):
            table.patient("1")
    with pytest.raises(LearnerError, match="data set"):
        datasets.load("no_such_data_set")
    with pytest.raises(LearnerError, match="data set"):
        datasets.card("no_such_data_set")


def test_curves_that_cannot_be():
    two = datasets.from_columns({"TIME": [0, 1], "DV": [90, 90], "LLOQ": [50, 25]})
    with pytest.raises(LearnerError, match="one limit"):
        two.curve(1)
    doses = datasets.from_columns({"TIME": [0], "DV": [np.nan], "AMT": [5]})
    with pytest.raises(LearnerError, match="without a sample"):
        doses.curve(1)


# --- data sets of the package ------------------------------------------------------------------

CARD = """\
# Seven rows

- **simulated**: yes, from nothing; no row is a person
- origin: this test
- licence: CC BY 4.0
- seed: 7

| column | unit | meaning |
|---|---|---|
| `ID` |  | patient |
| TIME | d | days after infusion |
| DV | copies/µg | transgene |
| AMT | cells | dose |
| EVID |  | event |
| MDV |  | missing |
| CENS |  | below the limit |
| LLOQ | copies/µg | limit |
| AGE | years | age |
| PRODUCT |  | product |
"""


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder of data sets in place of the package's own."""
    from cgtlearn.datasets import reader

    monkeypatch.setattr(cards, "FOLDER", tmp_path)
    monkeypatch.setattr(reader, "FOLDER", tmp_path)
    (tmp_path / "seven.csv").write_text(FULL, encoding="utf-8")
    (tmp_path / "seven.md").write_text(CARD, encoding="utf-8")
    return tmp_path


def test_a_data_set_brings_its_units(shelf):
    assert datasets.names() == ["seven"]
    table = datasets.load("seven")
    assert table.source == "seven"
    assert table.units["TIME"] == "d" and "copies/µg" in table.describe()
    assert datasets.load("seven", units={"TIME": "days"}).units["TIME"] == "days"
    card = datasets.card("seven")
    assert card.title == "Seven rows" and card.facts["seed"] == "7"
    assert card.facts["simulated"].startswith("yes") and card.meanings["ID"] == "patient"
    assert str(card) == CARD == card._repr_markdown_()
    assert repr(card) == "<Card of seven: Seven rows>"
    with pytest.raises(LearnerError, match="did you mean 'seven'"):
        datasets.load("sevn")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# Seven rows", "Seven rows", "no title"),
        ("- seed: 7", "", "no line '- seed"),
        ("- licence: CC BY 4.0", "- licence:", "no line '- licence"),
        ("- **simulated**: yes, from nothing; no row is a person", "", "no line '- simulated"),
        ("| AGE | years | age |\n", "", "no row for the column AGE"),
        ("| AGE | years |", "| AGES | years |", "no row for the column AGE"),
        ("| DV | copies/µg | transgene |", "| DV | copies/µg |  |", "no row for the column DV"),
        ("| AGE |", "| EXTRA | d | none |\n| AGE |", "a row for EXTRA"),
    ],
)
def test_an_incomplete_card_is_refused(shelf, old, new, message):
    assert old in CARD
    (shelf / "seven.md").write_text(CARD.replace(old, new), encoding="utf-8")
    with pytest.raises(LearnerError, match=message):
        datasets.card("seven")
    with pytest.raises(LearnerError):
        datasets.load("seven")


def test_a_data_set_without_a_card_is_refused(shelf):
    (shelf / "seven.md").unlink()
    with pytest.raises(LearnerError, match="no card"):
        datasets.load("seven")


def test_every_data_set_of_the_package_loads_and_has_a_card():
    for name in datasets.names():
        table = datasets.load(name)
        assert table.units.get("TIME") and table.units.get("DV"), name
        first = (cards.FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
        if datasets.card(name).facts["simulated"].startswith("yes"):
            assert first.startswith("#") and "simulated" in first.lower(), name


def test_every_card_has_its_data_set():
    stems = {path.stem for path in cards.FOLDER.glob("*.md")}
    assert stems == set(datasets.names())
