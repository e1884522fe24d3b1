import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Refusal } from '../failure.ts'
import type { Git, GitSetting } from '../git/git.ts'
import type { ObjectFormat } from '../git/object-id.ts'
import { type Repository, withoutCredentials } from '../git/repository.ts'

/** A remote that records are pushed to. */
export interface RecordRemote {
  /** As configured in the repository, e.g. `origin`. */
  readonly name: string
  /** Where pushes go. May hold credentials: never show it. */
  readonly url: string
  /** For people. */
  readonly shownUrl: string
  /** git in the user's repository, with the credentials for this remote. */
  readonly git: Git
  /** Settings that reach this remote from any other repository. */
  readonly settings: readonly GitSetting[]
  /** How the refs of runs are called there; found out when they are first listed or refused. */
  readonly names: { usesBranches: boolean }
}

/**
 * Finds a configured remote and what is needed to reach it: whatever the repository's own configuration says (a
 * credential helper, an extra header that CI put there), or a token. Nothing is written to any configuration.
 *
 * Refuses with `no-such-remote`.
 */
export async function openRemote(
  repository: Repository,
  name: string,
  token?: string,
): Promise<RecordRemote> {
  const [found, configured] = await Promise.all([
    repository.git.run({ args: ['remote', 'get-url', '--push', name], okCodes: [0, 2, 128] }),
    repository.git.run({
      args: ['config', '-z', '--get-regexp', '^(http|credential|ssh)\\.|^core\\.(sshcommand|askpass)$'],
      okCodes: [0, 1],
    }),
  ])
  if (found.exitCode !== 0) {
    throw new Refusal('no-such-remote', `This repository has no remote named "${name}"`, {
      help: `Add it with \`git remote add ${name} <address>\`, or run without --push.`,
    })
  }
  const raw = found.stdout.toString().trim()
  const isAddress =
    /^[a-z][a-z0-9+.-]*:\/\//i.test(raw) || (/^[^/]+:/.test(raw) && !/^[a-z]:[\\/]/i.test(raw))
  // As an address: git fetches no part of a repository that is named by a path.
  const url = isAddress ? raw : pathToFileURL(resolve(repository.root, raw)).href
  const settings: GitSetting[] = configured.stdout
    .toString()
    .split('\0')
    .flatMap((entry): GitSetting[] => {
      const end = entry.indexOf('\n')
      return end < 0 ? [] : [[entry.slice(0, end), entry.slice(end + 1)]]
    })
  const ownSettings = token === undefined ? [] : tokenSettings(url, token)
  return {
    name,
    url,
    shownUrl: isAddress ? withoutCredentials(raw) : resolve(repository.root, raw),
    git: repository.git.at(repository.root, ownSettings),
    settings: [...settings, ...ownSettings],
    names: { usesBranches: false },
  }
}

/** A token as git's HTTP header for one host. The empty first value drops headers set elsewhere for that host. */
function tokenSettings(url: string, token: string): GitSetting[] {
  if (!/^https?:\/\//i.test(url)) return []
  const key = `http.${new URL(url).origin}/.extraheader`
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64')
  return [
    [key, ''],
    [key, `AUTHORIZATION: basic ${basic}`],
  ]
}

/** A bare repository to fetch into and push from, gone after use. */
export interface Scratch {
  readonly git: Git
  remove(): void
}

/**
 * Makes a bare repository that borrows the objects of the user's one. Shallow and partial fetches happen here, so that
 * the user's repository keeps its configuration, its shallow file and its refs. No process is started.
 *
 * @param remote whose settings it is to have, if any.
 */
export function openScratch(
  repository: Repository,
  remote: RecordRemote | undefined,
  format: ObjectFormat,
  tmp = tmpdir(),
): Scratch {
  const directory = mkdtempSync(join(tmp, 'codemie-publish-'))
  mkdirSync(join(directory, 'objects/info'), { recursive: true })
  mkdirSync(join(directory, 'refs'))
  writeFileSync(join(directory, 'HEAD'), 'ref: refs/heads/none\n')
  writeFileSync(
    join(directory, 'config'),
    format === 'sha256'
      ? '[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n'
      : '[core]\n\trepositoryformatversion = 0\n\tbare = true\n',
  )
  const objects = join(repository.commonDir, 'objects')
  if (existsSync(objects)) writeFileSync(join(directory, 'objects/info/alternates'), `${objects}\n`)
  return {
    git: repository.git.at(directory, remote?.settings),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
