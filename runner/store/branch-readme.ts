/** `README.md` at the top of the branch: what it is. Written once, with the first run. */
export const BRANCH_README = `# Runs of AI workflows

codemie-ci keeps every run of a workflow here, one folder each:

    runs/<workflow>/<year>/<month>/<day>/<run id>/

The page of a folder shows the result. \`run.json\` says what ran, on which commit, for whom, with which models and at
what cost, and lists the sha256 of every other file. \`workflow.yaml\` (or \`.toml\`) is the definition exactly as it was
executed, \`journal/\` holds what happened in order, \`steps/\` and \`map/\` what each step answered.

Nothing here is built or executed, and commits are only ever added. \`git log --oneline\` is the list of runs.

    codemie-ci runs           list them
    codemie-ci show <run id>  read one

This branch shares no history with the source code: do not merge it.
`
