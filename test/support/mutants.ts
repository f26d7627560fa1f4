// Tests of tests: engines with a mechanism taken out, which have to be found out. They take minutes, and find nothing new about the
// engine as it is.

/** They have a command of their own, `npm run test:mutants`, which CI runs as well. */
export const ARE_MUTANTS_ASKED_FOR: boolean = process.env["FRESHTIER_MUTANTS"] === "1";
