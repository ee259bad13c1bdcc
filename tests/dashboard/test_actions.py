"""What people do from a page: each after a question, and the server then says that it is done."""

from __future__ import annotations

import json

import pytest
import yaml
from playwright.sync_api import expect

from besom.wire import Command

pytestmark = pytest.mark.browser

PILL = ".head .pill"


def choose(page, button, item=None):
    page.get_by_role("button", name=button, exact=True).click()
    if item:
        page.get_by_role("menuitem", name=item).click()


def confirm(page, verb, *words):
    dialog = page.get_by_role("dialog")
    for each in words:
        expect(dialog).to_contain_text(each)
    dialog.get_by_role("button", name=verb, exact=True).click()
    expect(dialog).to_have_count(0)


def test_a_sweep_is_paused_and_resumed_after_a_question(visit, sweep, state_of):
    page = visit(f"/sweeps/{sweep.id}")
    choose(page, "Pause")
    page.get_by_role("button", name="Leave it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert state_of(sweep) == "running"
    choose(page, "Pause")
    confirm(page, "Pause", "Pause digits?", "no new ones begin")
    expect(page.locator(PILL)).to_have_text("paused")
    assert state_of(sweep) == "paused"
    expect(page.locator(".toast")).to_contain_text("Paused.")
    choose(page, "Resume")
    confirm(page, "Resume", "Resume digits?")
    expect(page.locator(PILL)).to_have_text("running")
    assert state_of(sweep) == "running"


def test_a_sweep_is_stopped_and_goes_on_when_it_is_resumed(visit, sweep, trainer, state_of):
    run = trainer.begin()
    page = visit(f"/sweeps/{sweep.id}")
    choose(page, "More actions", "Stop")
    confirm(page, "Stop", "Stop digits?", "go on to their end")
    expect(page.locator(PILL)).to_have_text("stopping")
    trainer.report(run)
    trainer.finish(run)
    expect(page.locator(PILL)).to_have_text("finished")
    assert state_of(sweep) == "finished"
    choose(page, "Resume")
    confirm(page, "Resume")
    expect(page.locator(PILL)).to_have_text("running")


def test_a_sweep_is_cancelled_for_good(visit, sweep, trainer, state_of):
    run = trainer.begin()
    page = visit(f"/sweeps/{sweep.id}")
    choose(page, "More actions", "Cancel")
    confirm(page, "Cancel the sweep", "Cancel digits?", "cannot go on")
    expect(page.locator(PILL)).to_have_text("cancelled")
    assert state_of(sweep) == "cancelled"
    assert trainer.report(run).kill
    for button in ("Pause", "Resume", "Add configuration", "More actions"):
        expect(page.get_by_role("button", name=button, exact=True)).to_have_count(0)


def test_a_trial_is_stopped_and_brought_back(visit, client, sweep, trainer):
    run = trainer.begin()
    trainer.report(run)
    page = visit(f"/sweeps/{sweep.id}/trials/{run.trial}")
    choose(page, "Stop")
    confirm(page, "Stop the trial", f"Stop trial {run.trial}?")
    expect(page.locator(".toast")).to_contain_text(f"Trial {run.trial} is stopped.")
    assert trainer.report(run).order == "stop"
    trainer.finish(run, "stopped")
    expect(page.locator(PILL)).to_have_text("stopped")
    expect(page.locator(".why h3")).to_have_count(2)
    choose(page, "Bring back")
    confirm(page, "Bring it back", f"Bring trial {run.trial} back?", "no rule stops it again")
    expect(page.locator(PILL)).to_have_text("waiting")
    assert client.trial(sweep.id, run.trial).state.value == "waiting"
    assert trainer.begin().trial == run.trial


def test_a_configuration_is_tried_next_with_whole_numbers_kept_whole(visit, client, sweep, trainer):
    trainer.whole_trial()
    page = visit(f"/sweeps/{sweep.id}")
    choose(page, "Add configuration")
    dialog = page.get_by_role("dialog")
    for name, text, law in (
        ("dropout", "much", "dropout: needs a number, got “much”"),
        ("width", "32.5", "width: needs a whole number, got “32.5”"),
    ):
        field = dialog.get_by_role("textbox", name=name)
        field.fill(text)
        dialog.get_by_role("button", name="Add", exact=True).click()
        expect(dialog.get_by_role("alert")).to_contain_text(law)
        field.fill("")
    dialog.get_by_role("button", name="Begin with the best").click()
    expect(dialog.get_by_role("textbox", name="width")).to_have_value(str(client.trial(sweep.id, 1).config["width"]))
    dialog.get_by_role("slider", name="width").fill("333")
    assert "." not in dialog.get_by_role("textbox", name="width").input_value()
    expect(dialog.locator(".caution:visible")).to_have_count(0)
    dialog.get_by_role("textbox", name="width").fill("20001")
    expect(dialog.locator(".caution:visible")).to_have_text("outside the sweep's range: it will be tried all the same")
    dialog.get_by_role("textbox", name="width").fill("64")
    expect(dialog.locator(".caution:visible")).to_have_count(0)
    dialog.get_by_role("textbox", name="dropout").fill("0.25")
    dialog.get_by_role("combobox", name="layers").select_option(label="3")
    dialog.get_by_role("combobox", name="optimizer").select_option(label="drawn by the search")
    confirm(page, "Add")
    expect(page.locator(".toast")).to_contain_text("It is tried next.")
    config = trainer.begin().config
    assert (config["width"], config["dropout"], config["layers"]) == (64, 0.25, 3)
    assert isinstance(config["width"], int)


def test_what_the_server_refuses_stands_in_the_dialog_in_full(visit, client, sweep):
    visit.expect("status of 4(09|22)")
    page = visit(f"/sweeps/{sweep.id}")
    choose(page, "More actions", "Change the budget")
    dialog = page.get_by_role("dialog")
    dialog.locator("form").evaluate("form => { form.noValidate = true; }")
    dialog.get_by_label("Trials").fill("-3")
    dialog.get_by_role("button", name="Change", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("budget.trials: needs a whole number from 1, got -3")
    page.keyboard.press("Escape")
    choose(page, "Pause")
    client.command(sweep.id, Command("cancel"))
    dialog.get_by_role("button", name="Pause", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("cancelled")


def test_the_budget_is_changed(visit, client, sweep, trainer):
    trainer.whole_trial()
    page = visit(f"/sweeps/{sweep.id}")
    choose(page, "More actions", "Change the budget")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Trials")).to_have_value("60")
    expect(dialog).to_contain_text("1 spent")
    dialog.get_by_role("button", name="Change", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing has changed")
    dialog.get_by_label("Trials").fill("80")
    dialog.get_by_label("Epochs").fill("500")
    confirm(page, "Change")
    expect(page.locator(".progress .words")).to_contain_text("1 of 80 trials")
    assert client.progress(sweep.id).budget == {"trials": 80, "epochs": 500}
    choose(page, "More actions", "Change the budget")
    expect(dialog).to_contain_text("An empty field is no limit.")
    dialog.get_by_label("Trials").fill("")
    dialog.get_by_label("Epochs").fill("")
    confirm(page, "Change")
    expect(page.locator(".head > .progress")).to_have_count(0)
    assert client.progress(sweep.id).budget == {}


def test_without_any_limit_bayes_says_when_it_ends(visit, client, sweep):
    other = client.create_sweep({**sweep.file, "method": "bayes"})
    page = visit(f"/sweeps/{other.id}")
    choose(page, "More actions", "Change the budget")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("An empty field is no limit.")
    expect(dialog).not_to_contain_text("bayes ends")
    dialog.get_by_label("Trials").fill("")
    expect(dialog).to_contain_text("Without any limit bayes ends once it expects to gain no more than the noise.")


def test_a_budget_that_is_spent_already_is_warned_of_and_ends_the_sweep(visit, sweep, trainer, state_of):
    trainer.whole_trial()
    page = visit(f"/sweeps/{sweep.id}")
    choose(page, "More actions", "Change the budget")
    dialog = page.get_by_role("dialog")
    caution = dialog.locator(".caution:visible")
    expect(caution).to_have_count(0)
    trials = dialog.get_by_label("Trials")
    for law in (("min", "1"), ("step", "1")):
        expect(trials).to_have_attribute(*law)
    trials.fill("1")
    expect(caution).to_have_text("spent already: the sweep ends")
    confirm(page, "Change")
    expect(page.locator(PILL)).to_have_text("finished")
    assert state_of(sweep) == "finished"


def test_a_sweep_that_has_spent_its_budget_is_resumed_by_more_of_it(visit, client, sweep, trainer, state_of):
    trainer.whole_trial()
    client.command(sweep.id, Command("set_budget", budget={"trials": 1}))
    page = visit(f"/sweeps/{sweep.id}")
    choose(page, "Resume")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("It has spent its budget; with more of it, agents get runs again.")
    expect(dialog.locator(".caution:visible")).to_have_text("spent: with more, it goes on")
    dialog.get_by_role("button", name="Resume", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("Trials: set more than the 1 spent.")
    dialog.get_by_label("Trials").fill("5")
    confirm(page, "Resume")
    expect(page.locator(PILL)).to_have_text("running")
    assert state_of(sweep) == "running"


def test_a_sweep_that_is_stopped_before_its_first_trial_sends_nobody_for_an_agent(visit, sweep):
    page = visit(f"/sweeps/{sweep.id}")
    expect(page.locator(".empty pre")).to_have_text(f"besom agent {sweep.id}")
    choose(page, "More actions", "Stop")
    confirm(page, "Stop", "No run is under way: the sweep is finished at once.")
    expect(page.locator(".toast")).to_contain_text("Stopped.")
    expect(page.locator(".empty")).to_contain_text("No trial was begun")
    expect(page.locator(".empty")).to_contain_text("Resume it for a first one.")
    expect(page.locator(".empty pre")).to_have_count(0)


def test_the_best_configuration_is_copied_in_each_format(visit, client, ended):
    page = visit(f"/sweeps/{ended.id}", permissions=["clipboard-read", "clipboard-write"])
    config = dict(client.progress(ended.id).best.config)
    args = [f"--{name}={value}" for name, value in config.items()]
    laws = {
        "YAML": lambda text: yaml.safe_load(text) == config,
        "JSON": lambda text: json.loads(text) == config,
        "Arguments": lambda text: text.split() == args,
        "Hydra overrides": lambda text: text.split() == [each.removeprefix("--") for each in args],
        "Environment variables": lambda text: f"lr={config['lr']}".lower() in text.lower(),
    }
    for name, holds in laws.items():
        choose(page, "Copy best", name)
        expect(page.locator(".toast").last).to_contain_text(f"Configuration as {name} copied.")
        text = page.evaluate("navigator.clipboard.readText()")
        assert holds(text), (name, text)
        page.locator(".toast").last.get_by_role("button", name="Put away").click()
        expect(page.locator(".toast")).to_have_count(0)


def test_where_the_clipboard_is_kept_from_pages_the_text_is_shown(visit, ended):
    page = visit(f"/sweeps/{ended.id}")
    page.evaluate(
        "navigator.clipboard.writeText = () => Promise.reject(new Error('no')); document.execCommand = () => false"
    )
    choose(page, "Copy best", "YAML")
    expect(page.get_by_role("dialog").locator("pre")).to_contain_text("dropout:")


def test_a_trial_is_copied(visit, client, ended):
    page = visit(f"/sweeps/{ended.id}/trials/3", permissions=["clipboard-read", "clipboard-write"])
    choose(page, "Copy configuration", "JSON")
    expect(page.locator(".toast")).to_contain_text("copied")
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == dict(client.trial(ended.id, 3).config)


def test_keys_work_a_dialog_holds_the_focus_and_gives_it_back(visit, sweep, trainer):
    trainer.whole_trial()
    trainer.whole_trial()
    page = visit(f"/sweeps/{sweep.id}")
    expect(page.locator(".trials tbody tr")).to_have_count(2)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Light or dark")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_label("Filter trials")).to_be_focused()
    page.keyboard.press("j")  # typed, not a step
    expect(page.get_by_label("Filter trials")).to_have_value("j")
    page.keyboard.press("Backspace")
    page.get_by_label("Filter trials").blur()
    rows = page.locator(".trials tbody a")
    for key, at in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(at)).to_be_focused()
    pause = page.get_by_role("button", name="Pause", exact=True)
    pause.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(pause).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    page.keyboard.press("Tab")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sweeps")
    page.keyboard.press("Enter")


def test_menus_are_walked_with_arrows_and_stay_in_the_window(visit, ended):
    page = visit(f"/sweeps/{ended.id}", height=420)
    button = page.get_by_role("button", name="Copy best", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="YAML")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem").last).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    columns = page.get_by_role("button", name="Columns of the table")
    for block in ("start", "center", "end"):
        columns.evaluate("(button, block) => button.scrollIntoView({ block })", block)
        page.keyboard.press("Escape")
        columns.click()
        menu = page.locator(".menu:popover-open")
        box = menu.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 420
        page.keyboard.press("Escape")
        expect(menu).to_have_count(0)
