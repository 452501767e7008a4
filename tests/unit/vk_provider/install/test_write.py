from vk_provider.install.write import MANIFESTS, files


def test_the_manifests_are_what_is_installed() -> None:
    for path, text in files().items():
        assert (MANIFESTS / path).read_text() == text, f"manifests/{path} is out of date; run `make manifests`"
