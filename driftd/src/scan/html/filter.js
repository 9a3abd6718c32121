"use strict";
// The page is whole without this: it adds a filter by path, and folding of everything at once.
(() => {
  const tree = document.querySelector(".all > .tree");
  const tools = document.querySelector(".tools");
  if (!tree || !tools) return;
  const box = tools.querySelector("input");
  const said = tools.querySelector("output");
  const all = tree.getElementsByTagName("details");
  const unfold = open => { for (const one of all) one.open = open; };
  document.getElementById("unfold").onclick = () => unfold(true);
  document.getElementById("fold").onclick = () => unfold(false);
  let shown = 0;
  // Shows what has the words in its path, with all above and below it. Says whether anything is left.
  const filter = (list, above, words) => {
    let any = false;
    for (const item of list.children) {
      const name = item.querySelector("bdi");
      if (!name) { item.hidden = words !== ""; continue; }
      const path = above + name.textContent;
      const hit = path.toLowerCase().includes(words);
      const below = item.querySelector(":scope > details");
      const inner = below && filter(below.lastElementChild, path, hit ? "" : words);
      item.hidden = !hit && !inner;
      if (below && words !== "" && inner && !hit) below.open = true;
      if (!below && !item.hidden) shown++;
      any ||= !item.hidden;
    }
    return any;
  };
  let timer = 0;
  box.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      shown = 0;
      const words = box.value.trim().toLowerCase();
      filter(tree, "/", words);
      said.textContent = words === "" ? "" : shown + " shown";
    }, 120);
  };
  tools.hidden = false;
})();
