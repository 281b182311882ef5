/* Who may do what in which state: the console shows only acts that can succeed. The server decides; a test holds this
 * table against mod_gaokao/domain/access.def. Roles: P province, C city, N county, O point, R reviewer, A auditor,
 * X export client. */
const LETTERS = { province: "P", city: "C", county: "N", point: "O", reviewer: "R", auditor: "A", export: "X", candidate: "K" };

export const ACCESS = {
  window_read: ["PCNORA"],
  window_write: ["PCNO"],
  org_read: ["PCNORA"],
  org_write: ["PCN"],
  org_profile_write: ["PCNO"],
  account_read: ["PCNOA"],
  account_write: ["PCNO"],
  range_read: ["PCNORA"],
  range_write: ["N"],
  candidate_read: ["PCNORA"],
  candidate_create: ["O"],
  candidate_edit: ["ON", "waiting allocated identified card_printed reviewed filling proofed"],
  candidate_approve: ["C", "waiting"],
  reading_create: ["OR"],
  reading_read: ["ORNCA"],
  reading_assign: ["O"],
  device_read: ["PCNORA"],
  device_write: ["ON"],
  device_revoke: ["PCNO"],
  identity_decide: ["O", "allocated identified card_printed reviewed filling proofed"],
  card_print: ["O", "identified card_printed reviewed filling proofed"],
  paper_card: ["O", "card_printed reviewed filling proofed confirmed"],
  paper_print: ["ON"],
  slip_renew: ["O", "identified card_printed reviewed filling proofed confirmed"],
  papers_write: ["OR", "identified card_printed reviewed filling proofed"],
  fee_write: ["O", "identified card_printed reviewed filling proofed"],
  fee_cancel: ["ON", "identified card_printed reviewed filling proofed confirmed"],
  review_write: ["OR", "card_printed reviewed filling proofed"],
  proof_print: ["O", "filling proofed"],
  confirm: ["O", "proofed"],
  correct: ["ON", "confirmed"],
  return_state: ["ON", "card_printed reviewed filling proofed"],
  withdraw: ["ON", "waiting allocated identified card_printed reviewed filling proofed confirmed"],
  appraisal_write: ["O", "filling proofed confirmed submitted accepted"],
  examination_write: ["ON", "reviewed filling proofed confirmed submitted accepted"],
  grades_write: ["NC", "reviewed filling proofed confirmed submitted accepted"],
  bonus_write: ["ONC", "reviewed filling proofed confirmed submitted accepted"],
  bonus_decide: ["NC", "reviewed filling proofed confirmed submitted accepted"],
  photo_write: ["OR", "identified card_printed reviewed filling proofed confirmed"],
  submission_read: ["PCNOA"],
  submission_write: ["ONC"],
  submission_decide: ["PCN"],
  progress_read: ["PCNORA"],
  notice_write: ["PCN"],
  pack_read: ["PCNA"],
  plugin_read: ["PA"],
  plugin_write: ["P"],
  audit_read: ["PCNA"],
  alarm_read: ["PCNA"],
  alarm_write: ["PCN"],
  job_read: ["PCNOAX"],
  job_write: ["PCNOX"],
  export_read: ["XP"],
  export_pull: ["XP"],
};

/* May this session do it, to a record in this state (left out: to any)? */
export function may(session, action, state) {
  const row = ACCESS[action];
  if (!row || !session || !row[0].includes(LETTERS[session.account.role])) return false;
  return state === undefined || !row[1] || row[1].split(" ").includes(state);
}
