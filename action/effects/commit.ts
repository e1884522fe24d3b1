import type { Proposal } from '../../runner/effects/proposal.ts'
import { listEntries } from '../../runner/git/list-entries.ts'
import { trailerOf } from './depth.ts'
import { done, type EffectPlace, type Outcome, orMissing, refused } from './place.ts'
import { plainMessage } from './texts.ts'

const WRITE = 'contents: write'
const READ = 'contents: read'

/** Commits of a branch that are looked through for one of ours. */
const MOST_LOOKED_AT = 20

/**
 * Commits files to a branch through the API, so that GitHub signs it: a new branch is made, and one that is there goes forward by one
 * commit. Nothing is ever forced, no link is written through, and the default branch is left alone.
 */
export async function writeCommit(
  proposal: Extract<Proposal, { kind: 'branch' }>,
  key: string,
  place: EffectPlace,
): Promise<Outcome> {
  const { forge, subject, rules, run, depth, home } = place
  const { owner, repo } = forge
  const { branch, files } = proposal
  const why = whyNotBranch(branch, place)
  if (why !== undefined) return refused(why)
  const secret = files.find(({ content = '' }) => rules.redact(content) !== content)
  if (secret) return refused(`A secret shows in '${secret.path}'.`)
  const tip = await tipOf(branch, place)
  const earlier = tip && (await findTrailer(tip, `${run.id}/${key} `, place))
  if (earlier) return done(`${home}/commit/${earlier}`)
  const parent = tip ?? subject.start
  const modes = await modesIn(
    parent,
    files.map(({ path }) => path),
    place,
  )
  const odd = [...modes].find(([, mode]) => mode === '120000' || mode === '160000')
  if (odd) return refused(`'${odd[0]}' is a link or a submodule, which is not written through.`)
  const folder = files.find(({ path }) => modes.get(path) === '040000')
  if (folder) return refused(`'${folder.path}' is a folder.`)
  const missing = files.find(({ path, remove }) => remove && !modes.has(path))
  if (missing) return refused(`'${missing.path}' is not there to be removed.`)
  const base = await forge.ask(`read commit ${parent.slice(0, 12)}`, READ, (octokit) =>
    octokit.rest.git.getCommit({ owner, repo, commit_sha: parent }),
  )
  const tree = await forge.ask(`write the files for ${branch}`, WRITE, (octokit) =>
    octokit.rest.git.createTree({
      owner,
      repo,
      base_tree: base.data.tree.sha,
      tree: files.map(({ path, content, remove }) => ({
        path,
        mode: modes.get(path) === '100755' ? '100755' : '100644',
        type: 'blob',
        ...(remove ? { sha: null } : { content: content ?? '' }),
      })),
    }),
  )
  if (tree.data.sha === base.data.tree.sha) return done(`${home}/commit/${parent}`)
  const message = plainMessage(proposal.message, trailerOf(run.id, key, depth), rules)
  const commit = await forge.ask(`make a commit for ${branch}`, WRITE, (octokit) =>
    octokit.rest.git.createCommit({ owner, repo, message, tree: tree.data.sha, parents: [parent] }),
  )
  const { sha } = commit.data
  await forge.ask(`put the commit on ${branch}`, WRITE, async (octokit) => {
    if (tip === undefined) await octokit.rest.git.createRef({ owner, repo, ref: `refs/heads/${branch}`, sha })
    else await octokit.rest.git.updateRef({ owner, repo, ref: `heads/${branch}`, sha, force: false })
  })
  return done(`${home}/commit/${sha}`)
}

/** Why a branch is none that effects write to, as a sentence; its name is judged already. */
export function whyNotBranch(branch: string, { subject }: Pick<EffectPlace, 'subject'>): string | undefined {
  const isTaken = [subject.defaultBranch, subject.base].some(
    (one) => one.toLowerCase() === branch.toLowerCase(),
  )
  return isTaken
    ? `'${branch}' is a branch that people work on: the default one, or the one that this is about.`
    : undefined
}

/** The last commit of a branch; `undefined`: there is no such branch. */
export async function tipOf(branch: string, { forge }: EffectPlace): Promise<string | undefined> {
  const { owner, repo } = forge
  const found = await orMissing(
    forge.ask(`look at the branch ${branch}`, READ, (octokit) =>
      octokit.rest.git.getRef({ owner, repo, ref: `heads/${branch}` }),
    ),
  )
  return found?.data.object.sha
}

/** The newest commit on a branch, among its last ones, whose message says that an effect made it. @param name beginning of what it says. */
export async function findTrailer(
  tip: string,
  name: string,
  { forge, subject }: EffectPlace,
): Promise<string | undefined> {
  const { owner, repo } = forge
  let next: string | undefined = tip
  for (let looked = 0; next !== undefined && next !== subject.start && looked < MOST_LOOKED_AT; looked++) {
    const sha: string = next
    const { data } = await forge.ask(`read commit ${sha.slice(0, 12)}`, READ, (octokit) =>
      octokit.rest.git.getCommit({ owner, repo, commit_sha: sha }),
    )
    if (data.message.split('\n').at(-1)?.startsWith(`Codemie-Effect: ${name}`)) return sha
    next = data.parents[0]?.sha
  }
  return undefined
}

/** What stands at paths, and at the folders on the way, in a commit. */
async function modesIn(
  commit: string,
  paths: readonly string[],
  { open }: EffectPlace,
): Promise<ReadonlyMap<string, string>> {
  const all = new Set(
    paths.flatMap((path) => {
      const parts = path.split('/')
      return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
    }),
  )
  return new Map(
    (await listEntries(await open(commit), commit, [...all])).map(({ path, mode }) => [path, mode]),
  )
}
