/** Where GitHub looks for what starts the workflows, relative to the root of the repository. */
export const GITHUB_WORKFLOW_FILE = '.github/workflows/codemie.yml'
