import type { Git } from './git.ts'

/**
 * Whether a commit is another one, or stands in its history.
 *
 * @param options.mayLack one that is not here is in nobody's history. Default: a `GitError`.
 */
export async function isAncestor(
  git: Git,
  older: string,
  newer: string,
  options: { readonly mayLack?: boolean } = {},
): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', older, newer]
  return (await git.run({ args, okCodes: options.mayLack ? [0, 1, 128] : [0, 1] })).exitCode === 0
}

/** The parents of a commit as they are written, also in a shallow clone, which pretends that there are none; none of what is not here. */
export async function parentsOf(git: Git, commit: string): Promise<readonly string[]> {
  const { stdout } = await git.run({ args: ['cat-file', 'commit', commit], okCodes: [0, 128] })
  const [head = ''] = stdout.toString().split('\n\n', 1)
  return [...head.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, parent = '']) => parent)
}

/** The last commit that two have in common; `undefined`: there is none. */
export async function commonCommit(git: Git, one: string, other: string): Promise<string | undefined> {
  const { exitCode, stdout } = await git.run({ args: ['merge-base', one, other], okCodes: [0, 1] })
  return exitCode === 0 ? stdout.toString().trim() : undefined
}
