import { findChange } from '../runner/changed-definition.ts'
import { Refusal } from '../runner/failure.ts'
import { openProject } from '../runner/project.ts'
import { projectRedactor } from '../runner/records.ts'
import { definitionTexts } from '../runner/store/definition.ts'
import type { StoredRun } from '../runner/store/read-run.ts'
import type { World } from '../runner/world.ts'
import type { Forge } from './github.ts'
import type { Judge } from './run-events.ts'

/** What vouches for the definition in a record. */
export interface Voucher extends Judge {
  readonly forge: Forge
  readonly world: World
  /** Commit that the project was taken from. */
  readonly base: string
}

/**
 * Makes sure that what a record says was executed is what the base has, or had: who can push can also write a record with a
 * definition that nobody reviewed. One that was taken from the working tree is compared with that of the base where the
 * run goes on. Refuses with `definition-foreign`, and like `Forge.ask`.
 */
export async function refuseForeignDefinition(
  { manifest, files }: StoredRun,
  { forge, world, base, project, open }: Voucher,
): Promise<void> {
  const { file, revision, earlier } = manifest.workflow
  const refuse = (why: string, cause?: unknown) =>
    new Refusal('definition-foreign', `Run ${manifest.id} was executed with ${file}, ${why}`, {
      exitStatus: 5,
      help: '`/codemie rerun` does it again with the definition of the base.',
      cause,
    })
  const compareWith = revision !== undefined && earlier === undefined ? revision : undefined
  if (compareWith !== undefined && !(await isPartOf(forge, compareWith, base))) {
    throw refuse(`as of commit ${compareWith.slice(0, 12)}, which is not part of the base`)
  }
  const there =
    compareWith === undefined
      ? project
      : await openProject(world, { at: { commit: compareWith, git: await open([compareWith]) } })
  const { revision: _revision, ...workflow } = manifest.workflow
  const redact = projectRedactor(project.config, world)
  try {
    await there.find(file, '')
    if (compareWith === undefined) return
    const seen = { manifest: { ...manifest, workflow }, ...definitionTexts(manifest, files) }
    await findChange(seen, { project: there, redact, onChange: 'refuse', warn: () => {} })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const where = compareWith === undefined ? 'the base' : `commit ${compareWith.slice(0, 12)}`
    throw refuse(`and that is not what ${where} holds`, error)
  }
}

async function isPartOf(forge: Forge, commit: string, base: string): Promise<boolean> {
  if (commit === base) return true
  if (!/^[0-9a-f]{40,64}$/.test(commit)) return false
  const { owner, repo } = forge
  try {
    const { data } = await forge.ask(
      'compare the commit of the definition with the base',
      'contents: read',
      (octokit) =>
        octokit.rest.repos.compareCommitsWithBasehead({
          ...{ owner, repo, per_page: 1, basehead: `${commit}...${base}` },
        }),
    )
    return data.status === 'ahead' || data.status === 'identical'
  } catch (error) {
    // GitHub does not know it, or finds nothing that both come from.
    if (error instanceof Refusal && error.code === 'forge-not-found') return false
    throw error
  }
}
