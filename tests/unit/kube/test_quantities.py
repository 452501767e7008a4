from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.quantities import UNIT, Quantity, binary_form, decimal_form, parse_quantity, whole

quantities = st.integers(min_value=-(10**40), max_value=10**40).map(Quantity)
decimal_suffixes = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
binary_suffixes = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


@pytest.mark.parametrize(
    ("text", "billionths"),
    [
        pytest.param("0", 0, id="nothing"),
        pytest.param("2", 2 * UNIT, id="plain"),
        pytest.param("+2", 2 * UNIT, id="plus"),
        pytest.param("-2", -2 * UNIT, id="minus"),
        pytest.param("500m", UNIT // 2, id="millis"),
        pytest.param("0.5", UNIT // 2, id="fraction"),
        pytest.param(".5", UNIT // 2, id="no digit before the point"),
        pytest.param("5.", 5 * UNIT, id="no digit after the point"),
        pytest.param("007", 7 * UNIT, id="leading zeros"),
        pytest.param("1E", 10**18 * UNIT, id="E alone is exa"),
        pytest.param("1E3", 1000 * UNIT, id="E with digits is an exponent"),
        pytest.param("1e-3", UNIT // 1000, id="negative exponent"),
        pytest.param("1.5Gi", 3 * 2**29 * UNIT, id="fraction of a binary unit"),
        pytest.param("0.1n", 1, id="finer than a billionth rounds up"),
        pytest.param("-0.1n", -1, id="and away from nothing on both sides"),
    ],
)
def test_a_quantity_is_read_exactly(text: str, billionths: int) -> None:
    assert parse_quantity(text) == billionths


@pytest.mark.parametrize("text", ["", " 1", "1 ", "1gi", "1KI", "Gi", ".", "1e", "1.2.3", "--1", "1mm", "٣", "1e9999"])
def test_what_is_no_quantity_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("7910m", "7910m", id="millis"),
        pytest.param("1000m", "1", id="whole"),
        pytest.param("110", "110", id="a multiple of ten is not shortened"),
        pytest.param("1000", "1k", id="a multiple of a thousand is"),
        pytest.param("1.5", "1500m", id="no fractions"),
        pytest.param("5E", "5E", id="the largest suffix"),
        pytest.param("5000E", "5000E", id="beyond the largest suffix"),
        pytest.param("0", "0", id="nothing"),
    ],
)
def test_the_decimal_form_is_the_shortest_without_a_fraction(text: str, canonical: str) -> None:
    assert decimal_form(parse_quantity(text)) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("16393244Ki", "16393244Ki", id="as a kubelet says it"),
        pytest.param("1024Ki", "1Mi", id="shorter"),
        pytest.param("1.5Gi", "1536Mi", id="no fractions"),
        pytest.param("1000", "1k", id="no multiple of 1024"),
        pytest.param("2048000", "2000Ki", id="a multiple of both"),
        pytest.param("500m", "500m", id="less than a byte"),
        pytest.param("0", "0", id="nothing"),
        pytest.param("2048Ei", "2048Ei", id="beyond the largest suffix"),
    ],
)
def test_the_binary_form_is_the_shortest_without_a_fraction(text: str, canonical: str) -> None:
    assert binary_form(parse_quantity(text)) == canonical


@given(quantities)
def test_what_is_written_reads_the_same(quantity: Quantity) -> None:
    assert parse_quantity(decimal_form(quantity)) == quantity
    assert parse_quantity(binary_form(quantity)) == quantity


@given(st.decimals(min_value=0, max_value=10**12, places=4), st.sampled_from(list(decimal_suffixes)))
def test_a_decimal_suffix_is_a_power_of_ten(number: Decimal, suffix: str) -> None:
    assert parse_quantity(f"{number:f}{suffix}") == parse_quantity(f"{number:f}e{decimal_suffixes[suffix]}")


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(list(binary_suffixes)))
def test_a_binary_suffix_is_a_power_of_two(number: int, suffix: str) -> None:
    assert parse_quantity(f"{number}{suffix}") == number * 2 ** binary_suffixes[suffix] * UNIT


@given(quantities, quantities)
def test_reading_keeps_the_order(one: Quantity, other: Quantity) -> None:
    read_one, read_other = (parse_quantity(binary_form(quantity)) for quantity in (one, other))
    assert (read_one < read_other) == (one < other)


@given(quantities)
def test_a_whole_part_is_the_nearest_below(quantity: Quantity) -> None:
    rounded = whole(quantity)
    assert rounded % UNIT == 0
    assert 0 <= quantity - rounded < UNIT
