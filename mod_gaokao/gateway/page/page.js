// The loopback page: asks for state.json and shows it. Texts from outside become text nodes, never HTML.
'use strict';

const TEXTS = {
  zh: {
    title: '读卡网关', reader: '读卡器', link: '服务器', waiting: '待上传', read: '本次读卡', clock: '时钟偏差', problem: '最近问题',
    pictures: '待配对照片', handed: '交来的照片打不开', retry: '% 秒后再试', picture: '照片属于', subject: '新考生科类', later: '以后在管理页面选择', none: '还没有',
    number: '照片属于：输入或扫描报名顺序号，按回车', test: '测试读卡（不保存）', results: '服务器的答复', events: '刚才发生的事',
    wrong: '请输入 8 位报名顺序号或 18 位证件号码', gone: '网关已停止：请重新启动', server: '报名时间未到：只能测试读卡，不保存',
    readers: {search: '正在寻找', ready: '就绪', reading: '正在读卡', fault: '故障', none: '没有读卡器'},
    links: {unknown: '正在连接', online: '正常', offline: '网络不通', revoked: '设备已停用', 'not-accepted': '服务器不认可'},
    verdicts: {created: '已建档', identified: '已对上', verified: '一致', different: '有差别，请在管理页面处理', unassigned: '待选科类或号段',
      registered_elsewhere: '已在别处报名', unknown: '没有这名考生', undecoded: '读不懂，已保存', picture: '照片已归档', test: '测试',
      unmatched: '照片没有对应的考生', examination: '体检已归档', stored: '已保存', repeated: '早已收到', refused: '未采用', changed: '未采用'},
  },
  en: {
    title: 'Card reader gateway', reader: 'Reader', link: 'Server', waiting: 'Waiting', read: 'Read since start', clock: 'Clock differs by',
    problem: 'Last problem', retry: 'again in % s', pictures: 'Pictures of nobody', handed: 'Handed over, can\'t be opened', picture: 'Pictures go to', subject: 'Category of new candidates',
    later: 'chosen later in the console', none: 'nothing yet', number: 'Pictures go to: type or scan a registration number, then Enter',
    test: 'Test readings (nothing is stored)', results: 'What the server said', events: 'What happened',
    wrong: 'Type a registration number (8 digits) or an ID number (18)', gone: 'The gateway has stopped: start it again',
    server: 'Registration is not open yet: test readings only, nothing is stored',
    readers: {search: 'looking for it', ready: 'ready', reading: 'reading', fault: 'faulty', none: 'none'},
    links: {unknown: 'connecting', online: 'connected', offline: 'no network', revoked: 'device revoked', 'not-accepted': 'not accepted'},
    verdicts: {},
  },
};
const QUIET = ['POSTED', 'ONLINE', 'OFFLINE']; // said in the facts, not in large letters
const FAR_MS = 120000;
const $ = (id) => document.getElementById(id);
let t = TEXTS.zh;
let seen = -1;
let choices = '';

function put(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function element(name, text, bad) {
  const made = document.createElement(name);
  made.textContent = text;
  if (bad) made.className = 'bad';
  return made;
}

function line(at, text, bad) {
  const item = document.createElement('li');
  if (bad) item.className = 'bad';
  const clock = new Date(at).toLocaleTimeString('zh-CN', {hour12: false, timeZone: 'Asia/Shanghai'});
  item.append(element('time', clock), element('span', text));
  return item;
}

function list(id, items) {
  $(id).replaceChildren(...(items.length ? items.reverse() : [element('li', t.none)]));
}

function showWords(s) {
  t = TEXTS[s.language] || TEXTS.zh;
  document.documentElement.lang = s.language === 'en' ? 'en' : 'zh-CN';
  document.title = t.title;
  put('title', t.title);
  put('place', [s.point && `${s.point.code} ${s.point.name}`, s.season && s.season.name, s.name].filter(Boolean).join(' · '));
  for (const id of ['subject', 'number', 'test']) put(`${id}-label`, t[id]);
  for (const id of ['results', 'events']) put(`${id}-title`, t[id]);
}

function showNow(s) {
  const last = s.events[s.events.length - 1];
  if (!last || s.event_count === seen) return;
  seen = s.event_count;
  const loud = s.events.filter((event) => !QUIET.includes(event.word));
  const now = loud[loud.length - 1] || last;
  $('now').className = ['', 'good', 'bad'][now.bells];
  put('said', now.text);
  put('detail', s.server_test && now.bells === 0 ? t.server : now.detail);
}

function showFacts(s) {
  const seconds = s.skew_ms === undefined ? '—' : `${(s.skew_ms / 1000).toFixed(1)} s`;
  const facts = [
    [t.reader, [t.readers[s.reader.state], s.reader.port, s.reader.module].filter(Boolean).join(' · '), s.reader.state === 'fault'],
    [t.link, t.links[s.link] + (s.retry_in_s ? ` · ${t.retry.replace('%', s.retry_in_s)}` : ''), s.link === 'revoked' || s.link === 'not-accepted'],
    [t.waiting, String(s.waiting + s.aside), s.aside > 0],
    [t.read, String(s.read)],
    [t.clock, seconds, Math.abs(s.skew_ms || 0) > FAR_MS],
  ];
  if (s.number) facts.push([t.picture, s.number]);
  if (s.pictures_waiting) facts.push([t.pictures, String(s.pictures_waiting), true]);
  if (s.handed_problem) facts.push([t.handed, s.handed_problem, true]);
  if (s.problem) facts.push([t.problem, s.problem]);
  $('facts').replaceChildren(...facts.flatMap(([name, value, bad]) => [element('dt', name), element('dd', value, bad)]));
}

function result(r) {
  const verdict = r.verdict || r.status;
  const words = [r.candidate && `${r.candidate.number} ${r.candidate.name_masked}`, t.verdicts[verdict] || verdict,
    r.problem && (r.problem[t === TEXTS.en ? 'en' : 'zh'] || r.problem.code)];
  return line(r.at, words.filter(Boolean).join(' · '), r.status === 'refused' || r.status === 'changed');
}

function showChoices(s) {
  const now = JSON.stringify([s.subjects, s.language]);
  if (now !== choices) {
    const names = (s.subjects || []).map((one) => new Option(`${one.code} ${one[s.language] || one.zh}`, one.code));
    $('subject').replaceChildren(new Option(t.later, ''), ...names);
    choices = now;
  }
  if (document.activeElement !== $('subject')) $('subject').value = s.subject || '';
  $('test').checked = s.test;
}

function show(s) {
  showWords(s);
  showNow(s);
  showFacts(s);
  showChoices(s);
  list('events', s.events.map((event) => line(event.at, event.text + (event.detail ? ` · ${event.detail}` : ''), event.bells === 2)));
  list('results', s.results.map(result));
}

async function change(what) {
  const reply = await fetch('change', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(what)});
  put('wrong', reply.ok ? '' : t.wrong);
  return reply.ok;
}

async function look() {
  try {
    const reply = await fetch('state.json');
    if (!reply.ok) throw new Error(reply.status);
    show(await reply.json());
  } catch {
    $('now').className = 'bad';
    put('said', t.gone);
    put('detail', '');
    seen = -1;
  }
  setTimeout(look, 700);
}

$('subject').addEventListener('change', (event) => change({subject: event.target.value}));
$('test').addEventListener('change', (event) => change({test: event.target.checked}));
$('number').addEventListener('keydown', async (event) => {
  if (event.key === 'Enter' && await change({number: event.target.value})) event.target.value = '';
});
look();
