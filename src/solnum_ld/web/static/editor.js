// The editor of the query page (YASQE) over the form's text, which stays what is sent. It asks no host for anything.
"use strict";

(() => {
  const area = document.getElementById("query");
  const help = document.getElementById("editor-help");
  const known = JSON.parse(document.getElementById("known").textContent);
  if (typeof Yasqe === "undefined") return;

  // -- completion: prefixes of ours, terms of the data; YASQE's own ones ask other hosts and know spam

  let asked = false; // by Ctrl-Space, not by typing
  const shorten = (iri, prefixes) => {
    for (const [prefix, space] of Object.entries(prefixes)) {
      if (iri.startsWith(space) && /^[\p{L}\p{N}_-]+$/u.test(iri.slice(space.length))) return `${prefix}:${iri.slice(space.length)}`;
    }
    return `<${iri}>`;
  };
  // The word at the cursor: YASQE's tokens end inside of words that begin like a keyword.
  const wordAt = (yasqe) => {
    const { line, ch } = yasqe.getDoc().getCursor();
    const text = yasqe.getDoc().getLine(line);
    const [left] = /[\p{L}\p{N}_:-]*$/u.exec(text.slice(0, ch));
    const [right] = /^[\p{L}\p{N}_:-]*/u.exec(text.slice(ch));
    return { line, start: ch - left.length, end: ch + right.length, string: left, behind: text.charAt(ch - left.length - 1) };
  };
  const candidates = (yasqe, { line, start }) => {
    const token = yasqe.getTokenAt({ line, ch: start }, true);
    const last = token.type === "ws" ? yasqe.getPreviousNonWsToken(line, token) : token;
    if (/^(a|rdf:type)$/.test(last.string)) return known.classes;
    const next = token.state.possibleNext ?? [];
    return next.includes("a") ? known.properties : [...known.classes, ...known.properties];
  };
  const terms = {
    name: "terms",
    bulk: false,
    autoShow: true,
    persistenceId: null,
    isValidCompletionPosition: (yasqe) => {
      const word = wordAt(yasqe);
      const token = yasqe.getTokenAt(yasqe.getDoc().getCursor());
      if (/["'?$<#]/.test(word.behind) || /comment|string$/.test(token.type ?? "")) return false;
      if (/PREFIX\s*$/i.test(yasqe.getDoc().getLine(word.line).slice(0, word.start))) return false;
      return asked || word.string.includes(":");
    },
    preProcessToken: (yasqe, token) => {
      const word = wordAt(yasqe);
      return { ...token, string: word.string, from: { ch: word.start }, to: { ch: word.end }, word };
    },
    get: (yasqe, { word }) => {
      const wanted = word.string.toLowerCase();
      const prefixes = { ...yasqe.getPrefixesFromQuery(), ...known.prefixes };
      const found = candidates(yasqe, word)
        .map(([iri, name]) => [shorten(iri, prefixes), name.toLowerCase()])
        .filter(([short, name]) => short.toLowerCase().startsWith(wanted) || (!wanted.includes(":") && `${short.toLowerCase()} ${name}`.includes(wanted)))
        .map(([short]) => short);
      return found.length === 1 && found[0] === word.string ? [] : [...new Set(found)];
    },
    postprocessHints: (yasqe, hints) => {
      const prefixes = { ...yasqe.getPrefixesFromQuery(), ...known.prefixes };
      const names = new Map([...known.properties, ...known.classes].map(([iri, name, uses]) => [shorten(iri, prefixes), `${name} (${uses})`]));
      for (const hint of hints) {
        hint.render = (place) => {
          const name = document.createElement("span");
          name.textContent = names.get(hint.text) ?? "";
          place.append(hint.text, " ", name);
        };
      }
      return hints;
    },
  };
  const prefixes = {
    name: "ours",
    persistenceId: null,
    get: () => Object.entries(known.prefixes).map(([prefix, space]) => `${prefix}: <${space}>`),
  };
  // Options that are lists are merged with the defaults one by one: they are set there.
  Object.assign(Yasqe.defaults, { autocompleters: [], gutters: ["CodeMirror-linenumbers"], foldGutter: false });
  Yasqe.registerAutocompleter(terms, false);
  Yasqe.forkAutocompleter("prefixes", prefixes, false);
  Yasqe.defaults.autocompleters = ["variables", "ours", "terms"];

  // -- the editor

  const host = document.createElement("div");
  host.className = "editor";
  host.lang = area.lang;
  area.parentElement.after(host);
  const send = () => area.form.requestSubmit();
  const leave = () => document.getElementById("format").focus();
  const complete = (yasqe) => {
    asked = true;
    yasqe.autocomplete();
    asked = false;
  };
  const editor = new Yasqe(host, {
    value: area.value,
    persistenceId: null,
    createShareableLink: null,
    consumeShareLink: null,
    showQueryButton: false,
    resizeable: false,
    syntaxErrorCheck: false, // its tooltips are English and styled inline; the service says errors in words
    editorHeight: "auto",
    indentUnit: 2,
    viewportMargin: 200,
    inputStyle: "contenteditable", // what screen readers can read
    extraKeys: {
      Tab: false,
      "Shift-Tab": false,
      Esc: leave,
      "Ctrl-Space": complete,
      "Ctrl-Enter": send,
      "Cmd-Enter": send,
      "Ctrl-S": false,
    },
  });
  const field = editor.getInputField();
  field.id = "editor";
  field.setAttribute("role", "textbox");
  field.setAttribute("aria-multiline", "true");
  field.setAttribute("aria-labelledby", "query-label");
  field.setAttribute("aria-describedby", `${area.getAttribute("aria-describedby") ?? ""} editor-keys`.trim());
  if (area.getAttribute("aria-invalid")) field.setAttribute("aria-invalid", "true");
  area.hidden = true;
  help.hidden = false;
  document.getElementById("query-label").addEventListener("click", () => editor.focus());
  const choice = document.createElement("button"); // dictation and some screen readers do better in a plain field
  choice.type = "button";
  choice.className = "quiet";
  choice.textContent = help.dataset.plain;
  choice.addEventListener("click", () => {
    const plain = area.hidden;
    area.hidden = !plain;
    host.hidden = plain;
    help.firstElementChild.hidden = plain;
    choice.textContent = plain ? help.dataset.back : help.dataset.plain;
    if (plain) area.focus();
    else {
      editor.setValue(area.value);
      editor.refresh();
      editor.focus();
    }
  });
  help.append(choice);
  editor.on("change", () => {
    area.value = editor.getValue();
  });
  if (area.dataset.line) {
    const line = Math.min(area.dataset.line - 1, editor.getDoc().lastLine());
    const ch = [...editor.getDoc().getLine(line)].slice(0, area.dataset.column - 1).join("").length; // counted in characters
    editor.getDoc().markText({ line, ch }, { line, ch: ch + 1 }, { className: "mistake" });
    editor.addLineClass(line, "background", "mistaken");
    editor.scrollIntoView({ line, ch }, 60);
  }
  const settle = () => editor.display.input.pollContent?.(); // what is not typed is read a moment later: now at the latest
  host.addEventListener("blur", settle, true);
  area.form.addEventListener("submit", settle);
  window.addEventListener("pageshow", () => {
    if (area.value !== editor.getValue()) editor.setValue(area.value); // what the browser has restored
  });
  editor.on("autocompletionShown", (_, { hints }) => {
    hints.setAttribute("aria-label", help.dataset.list);
    hints.removeAttribute("aria-expanded");
    hints.lang = document.documentElement.lang;
  });
})();
