"""Files on an exception: attached, listed, downloaded, removed by their author; never shown as anything but a download."""

from collections.abc import Callable
from pathlib import Path

from browsing import Seat
from playwright.sync_api import expect

from tieout.store.database import Database

HOSTILE = b"<!doctype html><script>fetch('https://evil.example')</script>"


def test_a_file_is_attached_downloaded_and_removed(few: str, database: Database, sit: Callable[..., Seat], tmp_path: Path) -> None:
    (tmp_path / "mail.html").write_bytes(HOSTILE)
    seat = sit(few, database)
    page = seat.go("/exceptions?item=EX-7")
    page.locator("#pane").get_by_label("Attach a file").set_input_files(tmp_path / "mail.html")
    page.locator("#pane").get_by_role("button", name="Attach", exact=True).click()
    expect(page.locator("[data-said]")).to_contain_text("mail.html is attached to EX-7.")
    link = page.locator("#pane .files").get_by_role("link", name="mail.html")
    with page.expect_download() as waiting:
        link.click()
    assert Path(waiting.value.path()).read_bytes() == HOSTILE
    answer = seat.get(link.get_attribute("href") or "")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''mail.html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    other = sit(few, database, "chen").go("/exceptions/EX-7")
    expect(other.locator(".files")).to_contain_text("mail.html")
    assert other.get_by_role("button", name="Remove mail.html").count() == 0
    page.locator("#pane").get_by_role("button", name="Remove mail.html").click()
    expect(page.locator("[data-said]")).to_contain_text("mail.html is removed")
    expect(page.locator("#pane .files")).to_have_count(0)
    with database.session() as connection:
        assert [row[0] for row in connection.execute("select action from action where object = 'EX-7' order by id")] == [
            "attach", "download file", "download file", "remove file"
        ]  # fmt: skip
    assert seat.wrong == []


def test_what_it_is_not_is_said_and_nothing_is_kept(few: str, database: Database, sit: Callable[..., Seat], tmp_path: Path) -> None:
    (tmp_path / "invoice.pdf").write_bytes(b"MZ\x90\0\x03")
    page = sit(few, database).go("/exceptions/EX-7")
    page.get_by_label("Attach a file").set_input_files(tmp_path / "invoice.pdf")
    page.get_by_role("button", name="Attach", exact=True).click()
    expect(page.locator("#sheet .problem")).to_contain_text("The file invoice.pdf is of no kind that is kept here.")
    with database.session() as connection:
        assert connection.execute("select count(*) from work_file").fetchone() == (0,)


def test_without_script_the_form_works(few: str, database: Database, sit: Callable[..., Seat], tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("called them\r\n--\r\nbye")
    page = sit(few, database, java_script_enabled=False).go("/exceptions/EX-7")
    page.get_by_label("Attach a file").set_input_files(tmp_path / "note.txt")
    page.get_by_role("button", name="Attach", exact=True).click()
    expect(page.locator(".files")).to_contain_text("note.txt")
    with database.session() as connection:
        assert connection.execute("select raw from work_file").fetchone() == ((tmp_path / "note.txt").read_bytes(),)
