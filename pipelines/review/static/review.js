"use strict";
// Texts of rows come from strangers: they are only ever set as textContent, never read as HTML.

const WORDS = {
  en: {
    quality: "Would you keep this text for training?",
    duplicate: "Does this text repeat the other one? Keep it if it says something of its own; drop it if not.",
    pair: "Which answer is better?",
    text: "Text", other: "The other text", prompt: "Prompt", left: "A", right: "B",
    keep: "Keep", drop: "Drop", unsure: "Unsure", tie: "Tie",
    previous: "Back", next: "Next", undo: "Undo",
    open: "not answered", of: (done, all) => `${done} of ${all} answered`,
    place: (at, all) => `row ${at} of ${all}`,
    more: (left) => `Show more (${left.toLocaleString()} characters left)`,
    empty: "(empty text)", missing: "The other text is not in this run.",
    saved: (answer, done, all) => `Saved: ${answer}. ${done} of ${all}.`, undone: "The last answer was taken back.",
    nothing: "Nothing to take back.",
    finished: "All rows are answered. You can still go back and change answers; to end, press Ctrl-C in the terminal.",
    lost: "The server does not answer, so this answer is not saved. Start the same command again: it goes on from here.",
    decision: (what) => `The run decided: ${what}`,
    help: "Keys", close: "Close", scroll: "scroll the text", helpOpen: "this help",
    note: "Every answer is saved at once. Close the page whenever you like; the same command goes on where you stopped.",
  },
  ko: {
    quality: "이 글을 학습 데이터로 남기시겠습니까?",
    duplicate: "이 글이 다른 글의 반복입니까? 고유한 내용이 있으면 남기고, 아니면 버립니다.",
    pair: "어느 답이 더 낫습니까?",
    text: "글", other: "다른 글", prompt: "질문", left: "A", right: "B",
    keep: "남김", drop: "버림", unsure: "모르겠음", tie: "비슷함",
    previous: "이전", next: "다음", undo: "취소",
    open: "답하지 않음", of: (done, all) => `${all}개 중 ${done}개 답함`,
    place: (at, all) => `${all}개 중 ${at}번째`,
    more: (left) => `더 보기 (${left.toLocaleString()}자 남음)`,
    empty: "(빈 글)", missing: "다른 글은 이 실행에 없습니다.",
    saved: (answer, done, all) => `저장됨: ${answer}. ${all}개 중 ${done}개.`, undone: "마지막 답을 취소했습니다.",
    nothing: "취소할 답이 없습니다.",
    finished: "모두 답했습니다. 돌아가서 답을 바꿀 수 있고, 끝내려면 터미널에서 Ctrl-C를 누르십시오.",
    lost: "서버가 응답하지 않아 이 답은 저장되지 않았습니다. 같은 명령을 다시 시작하면 여기서 이어집니다.",
    decision: (what) => `실행의 결정: ${what}`,
    help: "단축키", close: "닫기", scroll: "글 스크롤", helpOpen: "이 도움말",
    note: "답은 누르는 즉시 저장됩니다. 언제든 페이지를 닫아도 되고, 같은 명령으로 멈춘 곳에서 이어집니다.",
  },
};
const LANGUAGE = navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en";
const SAY = WORDS[LANGUAGE];
// Key and the place of that key on the keyboard, which stays the same while a Hangul input method is on.
const KEYS = {
  rows: [["k", "KeyK", "keep"], ["d", "KeyD", "drop"], ["u", "KeyU", "unsure"]],
  pairs: [["1", "Digit1", "left"], ["a", "KeyA", "left"], ["2", "Digit2", "right"], ["b", "KeyB", "right"],
    ["3", "Digit3", "tie"], ["t", "KeyT", "tie"], ["u", "KeyU", "unsure"]],
};
const CHOICES = { rows: ["keep", "drop", "unsure"], pairs: ["left", "right", "tie", "unsure"] };

const at = (id) => document.getElementById(id);
const state = { kind: "rows", rows: [], answers: new Map(), history: [], place: 0, busy: false };

function made(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function problem(text) {
  at("problem").textContent = text || "";
  at("problem").hidden = !text;
}

function shortcut(choice) {
  return KEYS[state.kind].filter((key) => key[2] === choice).map((key) => key[0]);
}

function button(label, keys, act, className) {
  const element = made("button", className);
  element.type = "button";
  element.append(label + " ");
  element.append(made("kbd", "", keys[0]));
  element.setAttribute("aria-keyshortcuts", keys.join(" "));
  element.addEventListener("click", act);
  return element;
}

function controls() {
  for (const choice of CHOICES[state.kind]) {
    const element = button(SAY[choice], shortcut(choice), () => answer(choice), choice);
    element.dataset.choice = choice;
    at("choices").append(element);
  }
  at("moves").append(
    button(SAY.previous, ["←"], () => go(state.place - 1)),
    button(SAY.next, ["→"], () => go(state.place + 1)),
    button(SAY.undo, ["z"], undo));
  const lines = [...CHOICES[state.kind].map((choice) => [shortcut(choice), SAY[choice]]),
    [["z"], SAY.undo], [["←", "→"], `${SAY.previous}, ${SAY.next}`], [["↑", "↓"], SAY.scroll], [["?"], SAY.helpOpen]];
  for (const [keys, what] of lines) {
    const term = made("dt");
    for (const key of keys) term.append(made("kbd", "", key), " ");
    at("keys").append(term, made("dd", "", what));
  }
  at("help-title").textContent = SAY.help;
  at("help-note").textContent = SAY.note;
  at("help-close").textContent = SAY.close;
  at("help-open").setAttribute("aria-label", SAY.help);
  at("help-open").addEventListener("click", () => at("help").showModal());
}

function progress() {
  const all = state.rows.length, done = state.answers.size;
  at("progress").max = all;
  at("progress").value = done;
  at("progress").setAttribute("aria-label", SAY.of(done, all));
  at("count").textContent = `${SAY.of(done, all)} · ${SAY.place(state.place + 1, all)}`;
  const given = state.answers.get(state.rows[state.place]);
  at("answered").textContent = given ? SAY[given] : SAY.open;
  for (const element of at("choices").children) {
    element.setAttribute("aria-pressed", String(element.dataset.choice === given));
  }
  at("moves").children[0].disabled = state.place === 0;
  at("moves").children[1].disabled = state.place === all - 1;
  at("moves").children[2].disabled = state.history.length === 0;
}

function part(row, number, each) {
  const section = made("section", "part " + each.name);
  const heading = made("h2", "", SAY[each.name]);
  heading.id = `part-${number}`;
  const text = made("div", each.characters ? "body" : "body empty", each.characters ? each.text : SAY.empty);
  if (each.characters && row.lang) text.lang = row.lang;
  text.dir = "auto";
  text.setAttribute("aria-labelledby", heading.id);
  text.setAttribute("role", "region");
  section.append(heading, text);
  let shown = Array.from(each.text).length; // code points, as the server counts
  if (shown < each.characters) {
    const more = made("button", "more", SAY.more(each.characters - shown));
    const place = state.place;
    more.type = "button";
    more.addEventListener("click", async () => {
      const piece = await ask(`api/rows/${place}/parts/${number}?from=${shown}`);
      text.append(piece.text);
      shown += Array.from(piece.text).length;
      more.textContent = SAY.more(each.characters - shown);
      more.hidden = shown >= each.characters;
    });
    section.append(more);
  }
  return section;
}

async function show(place) {
  const row = await ask(`api/rows/${place}`);
  state.place = place;
  at("question").textContent = SAY[row.question];
  at("parts").replaceChildren(...row.parts.map((each, number) => part(row, number, each)));
  at("parts").className = state.kind === "pairs" ? "pairs" : "";
  if (row.question === "duplicate" && row.parts.length === 1) at("parts").append(made("p", "muted", SAY.missing));
  at("decision").hidden = !row.decision;
  at("decision").textContent = row.decision ? SAY.decision(row.decision) : "";
  at("parts").scrollTop = 0;
  at("parts").focus({ preventScroll: true });
  progress();
}

async function alone(work) { // one thing at a time: a second key while an answer is on its way is not taken
  if (state.busy) return;
  state.busy = true;
  try {
    await work();
  } catch (error) {
    problem(error instanceof TypeError ? SAY.lost : error.message);
  } finally {
    state.busy = false;
  }
}

function go(place) {
  if (place < 0 || place >= state.rows.length) return;
  alone(async () => { await show(place); problem(""); });
}

function following(place) { // the next row without an answer, from here on and then from the beginning
  for (let step = 1; step <= state.rows.length; step += 1) {
    const next = (place + step) % state.rows.length;
    if (!state.answers.has(state.rows[next])) return next;
  }
  return -1;
}

function answer(choice) {
  alone(async () => {
    const row = state.rows[state.place];
    const saved = await ask("api/answers", { row, answer: choice });
    state.answers.set(row, choice);
    state.history = state.history.filter((each) => each !== row).concat(row);
    at("said").textContent = SAY.saved(SAY[choice], saved.answered, state.rows.length);
    problem("");
    const next = following(state.place);
    if (next >= 0) await show(next);
    else { progress(); finished(); }
  });
}

function undo() {
  alone(async () => {
    const row = state.history[state.history.length - 1];
    if (row === undefined) { at("said").textContent = SAY.nothing; return; }
    await ask("api/answers", { row, answer: null });
    state.history.pop();
    state.answers.delete(row);
    at("said").textContent = SAY.undone;
    await show(state.rows.indexOf(row));
    problem("");
  });
}

function finished() {
  at("question").textContent = SAY.finished;
  at("said").textContent = SAY.finished;
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || at("help").open) return;
  const typed = event.key.length === 1 && event.key.charCodeAt(0) < 128 ? event.key.toLowerCase() : null;
  const is = (key, code) => (typed === null ? event.code === code : typed === key);
  const found = KEYS[state.kind].find(([key, code]) => is(key, code));
  if (found) answer(found[2]);
  else if (is("z", "KeyZ")) undo();
  else if (event.key === "ArrowLeft") go(state.place - 1);
  else if (event.key === "ArrowRight") go(state.place + 1);
  else if (event.key === "?") at("help").showModal();
  else return;
  event.preventDefault();
}

async function start() {
  document.documentElement.lang = LANGUAGE;
  at("parts").tabIndex = 0;
  try {
    const queue = await ask("api/queue");
    state.kind = queue.kind;
    state.rows = queue.rows;
    state.answers = new Map(Object.entries(queue.answers));
    state.history = queue.history;
    at("reviewer").textContent = queue.reviewer;
    controls();
    const first = following(-1);
    await show(Math.max(first, 0));
    if (first < 0) finished();
    document.addEventListener("keydown", pressed);
  } catch (error) {
    problem(error instanceof TypeError ? SAY.lost : error.message);
  }
}

start();
