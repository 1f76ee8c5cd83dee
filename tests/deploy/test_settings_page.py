from deploy.settings_page import PAGE, keys, page, variable


def test_the_page_is_the_one_that_the_settings_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m deploy.settings_page`"


def test_every_setting_says_what_it_is_for() -> None:
    undescribed = [".".join(path) for path, field in keys() if not field.description]

    assert undescribed == []


def test_every_setting_has_its_own_variable() -> None:
    variables = [variable(path) for path, _ in keys()]

    assert "DATABASE_URL" in variables
    assert len(set(variables)) == len(variables)
