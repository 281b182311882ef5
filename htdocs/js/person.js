/* What a module keeps beside its screens about one person's work goes with that person: the next one at this browser starts anew. */
export const ofPerson = (forget) => addEventListener("gaokao-forget", forget);
export const forgetPerson = () => dispatchEvent(new Event("gaokao-forget"));
