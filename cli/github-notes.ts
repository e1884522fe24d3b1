import { openProject } from '../runner/project.ts'
import type { World } from '../runner/world.ts'

/** What has to be said of the GitHub workflow after definitions were changed, in sentences; nothing when it fits or is not there. */
export async function githubNotes(world: World): Promise<readonly string[]> {
  const { checkGithubWorkflow, readGithubWorkflowText } = await import('../runner/github-workflow.ts')
  const project = await openProject(world)
  const text = await readGithubWorkflowText(project.root)
  if (text === undefined) return []
  const workflows = (await project.definitions()).flatMap(({ workflow }) => workflow ?? [])
  const isFit = checkGithubWorkflow(text, { workflows, config: project.config }).length === 0
  return isFit
    ? []
    : ['.github/workflows/codemie.yml no longer fits the definitions: `codemie-ci init --update` mends it']
}
