from vk_provider.install.write import files


def test_manifests_and_reference_are_what_is_installed() -> None:
    for path, text in files().items():
        assert path.read_text() == text, f"{path} is out of date; run `make manifests`"
