import pytest

from vk_provider.controller.yaml_files import read, written


def test_the_same_is_written_alike_and_read_again() -> None:
    assert written({"a": [1, "1"], "b": {"c": True}}) == written({"b": {"c": True}, "a": [1, "1"]})
    assert read(written({"a": [1, "1"], "b": {"c": "true"}})) == {"a": [1, "1"], "b": {"c": "true"}}


@pytest.mark.parametrize("content", [b"", b"[]", b"text", b"a: [", b"\xff", b"!!python/object:os.system {}"])
def test_what_is_no_mapping_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="is no"):
        read(content)
