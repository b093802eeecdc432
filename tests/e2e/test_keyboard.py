"""A planner without a mouse: everything of a page is reached by the Tab key, and where the keyboard is can be seen."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
#: What is focused, its place in the page's order, and whether it or a box around it looks otherwise than without the focus.
FOCUSED = """async () => {
  const e = document.activeElement, boxes = [e];
  for (let up = e.parentElement; up && boxes.length < 5; up = up.parentElement) boxes.push(up);
  const looks = () => JSON.stringify(boxes.map((box) => { const c = getComputedStyle(box);
    return [c.outlineStyle, c.outlineColor, c.boxShadow, c.borderColor, c.backgroundColor]; }));
  const settled = () => new Promise((done) => setTimeout(done, 120));  // React's boxes follow a moment later, with a transition
  await settled();
  const focused = looks();
  const name = e.tagName + ' ' + (e.innerText || e.getAttribute('aria-label') || e.title || '').trim().slice(0, 40);
  if (e === document.body || e.tagName === 'IFRAME') return [name, true];
  e.blur();
  await settled();
  const shown = looks() !== focused;
  e.focus({ focusVisible: true });
  return [name, shown];
}"""


def _walk_by_tab(visitor, most: int) -> list[tuple[str, bool]]:
    visitor.page.evaluate("document.activeElement.blur()")
    seen: list[tuple[str, bool]] = []
    for _ in range(most):
        visitor.page.keyboard.press("Tab")
        name, shown = visitor.page.evaluate(FOCUSED)
        if seen and (name.startswith("BODY") or name == seen[-1][0] == "IFRAME "):  # the end, or inside the map
            break
        seen.append((name, shown))
    return seen


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        ("projects", ["县名", "建立项目"]),
        ("plan", ["小学", "地图内容", "新建学校", "IFRAME"]),
        ("propose", ["优化目标", "更多设置", "寻找最佳地点"]),
    ],
)
def test_tab_reaches_all_and_shows_where_it_is(walk, page, wanted):
    visitor = walk("zh")
    visitor.go(page)
    seen = _walk_by_tab(visitor, 45)
    assert [name for name, shown in seen if not shown] == []
    names = "\n".join(name for name, _ in seen)
    assert [word for word in wanted if word not in names] == []
