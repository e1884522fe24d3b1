/** Where GitHub looks for what starts the workflows, relative to the root of the repository. */
export const GITHUB_WORKFLOW_FILE = '.github/workflows/codemie.yml'

/** The GitHub workflow that publishes what jobs of strangers left, see `publishSkeleton`. */
export const GITHUB_PUBLISH_FILE = '.github/workflows/codemie-publish.yml'
