"""The list of all sweeps, and several of them compared."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sweeps_to_see import FILE, Trainer
from visits import PHONE

pytestmark = pytest.mark.browser

A4_PX = 703  # less its margins


def test_a_server_without_sweeps_says_how_to_begin(visit_own, own_server):
    page = visit_own("/")
    expect(page.locator(".empty h2")).to_have_text("No sweep yet")
    expect(page.locator(".empty pre")).to_have_text("besom run sweep.yaml")
    page.goto(f"{own_server.address}/agents")
    expect(page.locator(".empty h2")).to_have_text("No agent yet")
    page.goto(f"{own_server.address}/compare")
    expect(page.locator(".empty h2")).to_have_text("No sweeps chosen")


def test_each_sweep_has_a_line_with_where_it_stands(visit, ended, sweep):
    page = visit("/")
    row = page.locator("tr", has=page.locator(f"a[href='/sweeps/{ended.id}']"))
    expect(row.locator(".pill")).to_have_text("finished")
    expect(row.locator(".spent")).to_contain_text("40 of 40 trials")
    expect(row.locator(".best")).to_contain_text(re.compile(r"^0\.\d+val/accuracy$"))
    expect(row.locator("svg.sparkline")).to_be_visible()
    fresh = page.locator("tr", has=page.locator(f"a[href='/sweeps/{sweep.id}']"))
    expect(fresh.locator(".pill")).to_have_text("running")
    expect(fresh.locator(".best")).to_have_text("\u2013")


def test_the_list_is_filtered_and_sorted_and_the_address_keeps_that(visit, client, ended):
    for name in ("aardvark", "zebra"):
        client.create_sweep({**FILE, "name": name, "description": "sorted"})
    page = visit("/")
    names = page.locator("tbody .name a")
    page.keyboard.press("/")
    page.keyboard.type("random digits")
    expect(page.locator(".nothing").or_(names.first)).to_be_visible()
    page.locator("input[type=search]").fill("a")
    expect(page).to_have_url(re.compile("text=a"))
    page.get_by_role("button", name="Under way").click()
    expect(names.filter(has_text="ended")).to_have_count(0)
    heading = page.locator("th", has_text="Sweep")
    for order in ("ascending", "descending"):
        heading.get_by_role("button").click()
        expect(heading).to_have_attribute("aria-sort", order)
        shown = names.all_inner_texts()
        assert shown == sorted(shown, reverse=order == "descending")
    assert {"aardvark", "zebra"} <= set(shown)
    page.reload()
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(page.locator("input[type=search]")).to_have_value("a")
    page.locator("input[type=search]").fill("no such sweep")
    expect(page.locator(".nothing")).to_have_text("No sweep fits the filter.")


def test_long_names_leave_all_else_its_room_on_a_screen_a_phone_and_paper(visit_own, own_server):
    metric = "validation/mean_average_precision_at_fifty_of_all_classes"
    parameter = "model.backbone.stages.attention_dropout_of_the_second_half_of_the_layers_that_are_not_frozen"
    name = "a name of some length, as people give it who keep many sweeps of one model"
    file = {**FILE, "name": name, "metric": {"name": metric}}
    made = own_server.driver.create_sweep(
        {**file, "parameters": {**FILE["parameters"], parameter: {"min": 0.0, "max": 1.0}}}
    )
    trainer = Trainer(own_server.driver, made.id)
    run = trainer.begin()
    trainer.report(run, [{metric: 0.5}])
    trainer.finish(run)
    page = visit_own("/", **PHONE)
    expect(page.locator(".best small")).to_have_text(metric)
    assert page.locator("td.name").bounding_box()["width"] > 140
    assert page.locator("td.trials").evaluate("each => each.scrollWidth <= each.clientWidth")
    page.set_viewport_size({"width": 1110, "height": 800})
    assert page.locator(".scroll.table").evaluate("each => each.scrollWidth <= each.clientWidth")
    page.set_viewport_size(PHONE)
    page.goto(f"{own_server.address}/sweeps/{made.id}/trials/1")
    assert page.locator(".crumbs a").first.bounding_box()["height"] < 30
    page.goto(f"{own_server.address}/sweeps/{made.id}")
    heading = page.locator(".trials th", has_text=parameter)
    expect(heading.get_by_role("button")).to_have_attribute("title", re.compile(f"^{re.escape(parameter)}"))
    assert heading.bounding_box()["width"] < 280
    page.set_viewport_size({"width": A4_PX, "height": 1000})
    page.emulate_media(media="print")
    assert page.locator(".trials table").evaluate("each => each.scrollWidth <= innerWidth")
    assert page.locator("td.n").first.evaluate("each => getComputedStyle(each).whiteSpace") == "nowrap"
    date = "each => getComputedStyle(each, '::after').content"
    assert re.search(r"\d{4}", page.locator(".head time").evaluate(date))


def test_best_values_are_sorted_among_those_of_one_metric_the_best_first(visit_own, own_server):
    for name, metric, goal, value in (
        ("a", "loss", "minimize", 0.5), ("b", "accuracy", "maximize", 0.6), ("c", "loss", "minimize", 0.1),
        ("d", "accuracy", "maximize", 0.9), ("none", "loss", "minimize", None),
    ):  # fmt: skip
        file = {**FILE, "name": name, "metric": {"name": metric, "goal": goal}}
        trainer = Trainer(own_server.driver, own_server.driver.create_sweep(file).id)
        run = trainer.begin()
        trainer.report(run, [] if value is None else [{metric: value}])
        trainer.finish(run)
    page = visit_own("/?sort=best")
    names = page.locator("tbody .name a")
    expect(names).to_have_text(["d", "b", "c", "a", "none"])
    page.locator("th", has_text=re.compile("^Best$")).get_by_role("button").click()
    expect(names).to_have_text(["b", "d", "a", "c", "none"])


def test_a_sweep_that_ended_with_failures_alone_does_not_look_like_a_success(visit, client):
    made = client.create_sweep({**FILE, "name": "in vain", "besom": {**FILE["besom"], "budget": {"trials": 1}}})
    Trainer(client, made.id).failed_trial()
    page = visit("/")
    row = page.locator("tr", has=page.locator(f"a[href='/sweeps/{made.id}']"))
    expect(row.locator(".pill.failed")).to_have_text("finished")
    expect(row.locator(".spent")).to_contain_text("1 of 1 trial")
    row.get_by_role("link").click()
    expect(page.locator(".head .pill.failed")).to_have_text("finished")
    expect(page.locator(".card.best .figure")).to_have_text("none")


def test_only_axes_that_a_chosen_sweep_has_are_offered(visit, ended, sweep):
    page = visit(f"/compare?sweeps={sweep.id},{ended.id}")
    expect(page.get_by_role("button", name="GPU-hours")).to_be_visible()
    page.get_by_role("button", name="Leave ended out").click()
    expect(page.get_by_role("button", name="GPU-hours")).to_have_count(0)


def test_a_sweep_that_begins_appears_by_itself(visit, client, ended):
    page = visit("/")
    expect(page.locator(".connection")).to_have_text("live")
    made = client.create_sweep({**FILE, "name": "newcomer"})
    row = page.locator("tr", has=page.locator(f"a[href='/sweeps/{made.id}']"))
    expect(row.locator(".trials")).to_contain_text("0")
    Trainer(client, made.id).whole_trial()
    expect(row.locator(".trials")).to_contain_text("1")
    expect(row.locator(".best")).to_contain_text("val/accuracy")


def test_a_sweep_that_begins_before_the_list_is_there_appears(visit, client, ended):
    held = []
    page = visit("/agents")
    page.route("**/api/v1/overview", lambda route: held.append((route, route.fetch())))
    page.goto(f"{visit.address}/")
    expect(page.locator(".connection")).to_have_text("live")
    made = client.create_sweep({**FILE, "name": "early bird"})
    page.wait_for_timeout(1500)  # it is told meanwhile
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(page.locator(f"a[href='/sweeps/{ended.id}']")).to_be_visible()
    expect(page.locator(f"a[href='/sweeps/{made.id}']")).to_be_visible()


def test_ticked_sweeps_are_compared_on_an_axis_of_choice(visit, client, ended):
    other = client.create_sweep({**FILE, "name": "rival"})
    trainer = Trainer(client, other.id)
    for _ in range(3):
        trainer.whole_trial()
    page = visit("/?text=ended")
    page.get_by_label("Compare ended").check()
    expect(page.locator(".tablebar")).to_contain_text("Tick another")
    page.locator("input[type=search]").fill("rival")
    page.get_by_label("Compare rival").check()
    page.get_by_role("link", name="Compare 2").click()
    expect(page.locator("#comparison .scatterlayer .trace")).to_have_count(2)
    assert f"sweeps={ended.id}%2C{other.id}" in page.url
    page.get_by_role("button", name="Epochs").click()
    expect(page.locator("#comparison .xtitle")).to_have_text(re.compile("epoch", re.IGNORECASE))
    assert "x=epochs" in page.url
    page.reload()
    expect(page.locator("#comparison .xtitle")).to_have_text(re.compile("epoch", re.IGNORECASE))
    page.get_by_role("button", name="Leave rival out").click()
    expect(page.locator("#comparison .scatterlayer .trace")).to_have_count(1)
    expect(page.locator("#comparison .legend .traces")).to_have_count(1)


def test_the_table_is_the_key_to_the_lines_the_best_first_and_tells_sweeps_of_one_name_apart(visit, client, ended):
    twin = client.create_sweep({**FILE, "name": "ended"})
    Trainer(client, twin.id).whole_trial()
    page = visit(f"/compare?sweeps=nope,{twin.id},{ended.id}")
    expect(page.locator("#comparison h2")).to_have_text("Sweeps compared")
    expect(page.locator("#comparison .scatterlayer .trace")).to_have_count(2)
    expect(page.locator("#comparison .note")).to_contain_text("There is no sweep nope.")
    rows = page.locator(".compared tbody tr")
    expect(rows.locator("small").filter(has_text="random")).to_have_text(
        [f"random · {each.id}" for each in (ended, twin)]
    )
    expect(rows.last).to_contain_text("There is no sweep nope.")
    expect(rows.first).to_contain_text("val/accuracymaximize")
    keys = rows.locator(".key path")
    expect(keys).to_have_count(2)
    entries = page.locator("#comparison .legend .traces")
    for at, sweep in enumerate((ended, twin)):
        expect(entries.nth(at)).to_contain_text(sweep.id)
        line = entries.nth(at).locator(".legendlines path").first
        color = line.evaluate("line => getComputedStyle(line).stroke")
        assert keys.nth(at).evaluate("key => getComputedStyle(key).stroke") == color


def test_how_long_ago_something_was_is_told_anew_each_second_at_first(visit, client):
    page = visit("/agents")
    page.clock.install()
    made = client.create_sweep({**FILE, "name": "newcomer"})
    page.goto(f"{visit.address}/")
    started = page.locator("tr", has=page.locator(f"a[href='/sweeps/{made.id}']")).locator(".started")
    expect(started).to_have_text("just now")
    page.clock.run_for(7000)
    expect(started).to_have_text(re.compile(r"^\d s ago$"))


def test_an_address_of_nothing_says_so_and_leads_back(visit, ended):
    visit.expect("status of 404")
    page = visit("/sweeps/nothing-here")
    expect(page.get_by_role("alert")).to_contain_text("sweep nothing-here: must exist")
    for path in ("/foo", "/foo/bar", "/constructor", f"/sweeps/{ended.id}/trials/abc"):
        page.goto(visit.address + path)
        expect(page.get_by_role("alert")).to_contain_text(f"There is no page at {path}.")
    page.get_by_role("link", name="All sweeps").click()
    expect(page.get_by_role("heading", name="Sweeps")).to_be_visible()
