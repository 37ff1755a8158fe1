// Enhancements; every page works without them: a button that copies an identifier, suggestions under the search box.
"use strict";

for (const place of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const source = document.getElementById(place.dataset.copy);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = place.dataset.label;
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    said.textContent = place.dataset.done;
  });
  place.append(button, " ", said);
}

for (const input of document.querySelectorAll("input[data-suggest]")) {
  const list = document.getElementById(input.getAttribute("list"));
  let asked = 0;
  let waiting = 0;
  const ask = async () => {
    const turn = (asked += 1);
    const address = new URL(input.dataset.suggest);
    address.searchParams.set("q", input.value.trim());
    try {
      const answer = await fetch(address);
      if (!answer.ok) return;
      const [, labels] = await answer.json();
      if (turn === asked) list.replaceChildren(...labels.map((label) => new Option(label, label)));
    } catch {
      return; // without the network the form still works
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    if (input.value.trim().length > 1) waiting = setTimeout(ask, 120);
    else list.replaceChildren();
  });
}
