import { Refusal } from '../runner/failure.ts'
import {
  checkGithubWorkflow,
  type Definitions,
  mendGithubWorkflow,
  readGithubWorkflowText,
  writeGithubWorkflow,
} from '../runner/github-workflow.ts'
import { openProject } from '../runner/project.ts'
import { GITHUB_PUBLISH_FILE, GITHUB_WORKFLOW_FILE } from '../schema/github-workflow/file-name.ts'
import { publishSkeleton } from '../schema/github-workflow/publish-skeleton.ts'
import type { Cli } from './context.ts'
import { findAction, isUnpinned, pinAction } from './find-action.ts'
import { count, oneLine } from './ui/plain-text.ts'
import { type Done, writeProjectFile } from './write-project-file.ts'

const path = GITHUB_WORKFLOW_FILE

/**
 * Writes the GitHub workflow, and with it the one that publishes what jobs of strangers left. One that is there stays, and what
 * it lacks is told.
 */
export async function initGithubWorkflow(root: string, force: boolean, cli: Cli): Promise<readonly Done[]> {
  const { definitions, invalid } = await readDefinitions(cli)
  const before = await readGithubWorkflowText(root)
  if (before !== undefined && !force) {
    if (invalid.length > 0)
      return [{ path, outcome: 'kept', kept: 'it is compared when all definitions are valid' }]
    return [{ path, ...(await lookAt(before, definitions)) }]
  }
  return await write(root, definitions, force, cli)
}

/**
 * Brings the GitHub workflow up to date, or writes it where there is none. Refuses with `definitions-invalid` while it is not
 * known what all definitions ask for.
 */
export async function updateGithubWorkflow(root: string, cli: Cli): Promise<readonly Done[]> {
  const { definitions, invalid } = await readDefinitions(cli)
  if (invalid.length > 0) {
    throw new Refusal(
      'definitions-invalid',
      `Not known what starts ${count(invalid.length, 'file')} with errors: ${invalid.map(oneLine).join(', ')}`,
      { help: '`codemie-ci validate` shows what is wrong. Mend that first.' },
    )
  }
  const before = await readGithubWorkflowText(root)
  if (before === undefined) return await write(root, definitions, false, cli)
  const { text, notes } = await mendGithubWorkflow(before, definitions)
  const publish = await readGithubWorkflowText(root, GITHUB_PUBLISH_FILE)
  const isAnyUnpinned = [text, publish].some((one) => one !== undefined && isUnpinned(one, cli.version))
  const action = isAnyUnpinned ? await findAction(cli.version, cli.world) : undefined
  const pinned = (one: string) => (action ? pinAction(one, cli.version, action) : one)
  const put = (file: string, content: string) =>
    writeProjectFile(root, { path: file, text: content, isGenerated: true }, true)
  const all = [...notes, ...(action?.note === undefined ? [] : [action.note])]
  return [
    { path, outcome: await put(path, pinned(text)), notes: all },
    ...(publish === undefined
      ? []
      : [{ path: GITHUB_PUBLISH_FILE, outcome: await put(GITHUB_PUBLISH_FILE, pinned(publish)) }]),
  ]
}

async function write(
  root: string,
  definitions: Definitions,
  force: boolean,
  cli: Cli,
): Promise<readonly Done[]> {
  const action = await findAction(cli.version, cli.world)
  const { text, notes } = await writeGithubWorkflow(definitions, action.uses)
  const outcome = await writeProjectFile(root, { path, text, isGenerated: false }, true)
  const publish = { path: GITHUB_PUBLISH_FILE, text: publishSkeleton(action.uses), isGenerated: false }
  return [
    { path, outcome, notes: [...notes, ...(action.note === undefined ? [] : [action.note])] },
    { path: GITHUB_PUBLISH_FILE, outcome: await writeProjectFile(root, publish, force) },
  ]
}

/** What is to be said of a file that stays as it is. */
async function lookAt(text: string, definitions: Definitions): Promise<Omit<Done, 'path'>> {
  const found = checkGithubWorkflow(text, definitions)
  if (found.length > 0) {
    return {
      outcome: 'kept',
      kept: 'it does not fit the definitions; `codemie-ci init --update` mends it',
      notes: found.map(({ message }) => `${message}.`),
    }
  }
  try {
    const { notes } = await mendGithubWorkflow(text, definitions)
    return { outcome: 'unchanged', notes }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return {
      outcome: 'kept',
      kept: 'it has no job of codemie-ci',
      notes: error.help === undefined ? [] : [error.help],
    }
  }
}

async function readDefinitions(
  cli: Cli,
): Promise<{ readonly definitions: Definitions; readonly invalid: readonly string[] }> {
  const project = await openProject(cli.world)
  const all = await project.definitions()
  return {
    definitions: {
      workflows: all.flatMap(({ workflow }) => workflow ?? []),
      config: project.config,
    },
    invalid: [
      ...(project.configDiagnostics.some(({ severity }) => severity === 'error')
        ? [project.config.file]
        : []),
      ...all.filter(({ workflow }) => !workflow).map(({ file }) => file),
    ],
  }
}
