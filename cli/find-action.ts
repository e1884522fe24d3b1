import { createGit, GitError } from '../runner/git/git.ts'
import type { World } from '../runner/world.ts'

/** The action of this program's version, as a GitHub workflow names it. */
export interface ActionReference {
  /** What stands after `uses:`: the commit with its tag behind it, or the tag alone. */
  readonly uses: string
  /** How to pin the tag, where its commit was not found. */
  readonly note?: string
}

const ACTION = 'codemie/codemie-ci/action'
const RELEASES = 'https://github.com/codemie/codemie-ci'
/** Nobody waits longer for a line that can be written without. */
const TIMEOUT_MS = 5_000

/** A release is public. For one that is not there GitHub asks who wants to know, and a window would open. */
const ASK_NOBODY = [
  ['credential.helper', ''],
  ['core.askPass', ''],
] as const

/**
 * Asks once which commit the release of a version is. Without an answer the action is named by its tag.
 *
 * @param world its variable `CODEMIE_CI_RELEASES` is the address of a mirror of the releases.
 */
export async function findAction(version: string, world: World): Promise<ActionReference> {
  const tag = `v${version}`
  const address = world.env['CODEMIE_CI_RELEASES'] || RELEASES
  const commit = await commitOf(tag, address, world)
  if (commit !== undefined) return { uses: `${ACTION}@${commit} # ${tag}` }
  return {
    uses: `${ACTION}@${tag}`,
    note: `The commit of ${tag} could not be looked up, so the action is named by its tag. \`codemie-ci init --update\` pins it when ${address} can be reached.`,
  }
}

/** The same text with the tag of this version replaced by its commit, wherever the action is used by it. */
export function pinAction(text: string, version: string, { uses }: ActionReference): string {
  return text.replace(tagOf(version), (_, before: string) => before + uses)
}

/** Whether the action of this version is used by its tag. */
export function isUnpinned(text: string, version: string): boolean {
  return tagOf(version).test(text)
}

function tagOf(version: string): RegExp {
  return new RegExp(`(uses:[ \\t]+)${ACTION}@v${version.replaceAll('.', '\\.')}(?=[ \\t\\r]*$)`, 'gm')
}

async function commitOf(tag: string, address: string, { cwd, env }: World): Promise<string | undefined> {
  try {
    const { stdout } = await createGit(cwd, env, ASK_NOBODY).run({
      args: ['ls-remote', '--', address, `refs/tags/${tag}`, `refs/tags/${tag}^{}`],
      timeoutMs: TIMEOUT_MS,
    })
    // Of an annotated tag the second line is the commit.
    const lines = stdout.toString('utf8').trim().split('\n')
    return /^[0-9a-f]{40}(?=\t)/.exec(lines.at(-1) ?? '')?.[0]
  } catch (error) {
    if (error instanceof GitError) return undefined
    throw error
  }
}
