import pytest

pytest.register_assert_rewrite("tests.geometry.checking", "tests.geometry.sharing")
