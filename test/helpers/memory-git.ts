import { createHash } from 'node:crypto'
import { type Git, type GitCall, GitError, type GitReply } from '../../runner/git/git.ts'

type Stored =
  | { readonly type: 'blob'; readonly content: Buffer }
  | { readonly type: 'tree'; readonly entries: ReadonlyMap<string, Entry>; readonly content: Buffer }
  | {
      readonly type: 'commit'
      readonly tree: string
      readonly parents: readonly string[]
      readonly message: string
      readonly time: number
    }

interface Entry {
  readonly mode: string
  readonly id: string
}

/** What happens at a call of git before and after its effect; either may never come back, or fail. */
export type Interrupt = (call: {
  readonly cwd: string
  readonly args: readonly string[]
  readonly isNetwork: boolean
}) => {
  readonly before: Promise<void>
  /** Asked when the effect has happened. */
  readonly after: () => Promise<void>
}

/** Repositories in memory: the commands that the store uses, with git's own object ids. One for all clones and the remote. */
export class MemoryWorld {
  readonly #objects = new Map<string, Stored>()
  readonly #repositories = new Map<string, Map<string, string>>()
  /** Called when a ref of the remote moves. */
  onRemoteMove: (ref: string, from: string | undefined, to: string | undefined) => void = () => {}
  readonly remotePath: string
  /** Does the same with real git, and fails when that answers otherwise. */
  compare?: (cwd: string, call: GitCall, outcome: GitReply | GitError) => Promise<void>

  constructor(remotePath: string) {
    this.remotePath = remotePath
  }

  refsOf(cwd: string): Map<string, string> {
    const known = this.#repositories.get(cwd)
    if (known) return known
    const fresh = new Map<string, string>()
    this.#repositories.set(cwd, fresh)
    return fresh
  }

  git(cwd: string, interrupt: Interrupt): Git {
    return {
      cwd,
      at: (other) => this.git(other, interrupt),
      run: async (call) => {
        const [command = ''] = withoutSettings(call.args)
        const isNetwork = command === 'push' || command === 'fetch' || command === 'ls-remote'
        const { before, after } = interrupt({ cwd, args: call.args, isNetwork })
        await before
        const outcome = this.#attempt(cwd, call)
        await this.compare?.(cwd, call, outcome)
        await after()
        if (outcome instanceof GitError) throw outcome
        return outcome
      },
    }
  }

  /** Content of files below a tree or commit, by path. */
  filesOf(id: string): Map<string, Buffer> {
    const files = new Map<string, Buffer>()
    for (const { path, entry } of this.#walk(this.#treeOf(id), '')) {
      const blob = this.#objects.get(entry.id)
      if (blob?.type === 'blob') files.set(path, blob.content)
    }
    return files
  }

  commit(id: string) {
    const found = this.#objects.get(id)
    if (found?.type !== 'commit') throw new Error(`${id} is no commit`)
    return found
  }

  idAt(commit: string, path: string): string | undefined {
    return this.#at(this.#treeOf(commit), path)?.id
  }

  makeCommit(files: Readonly<Record<string, string>>, message: string): string {
    let tree: string | undefined
    for (const [path, text] of Object.entries(files))
      tree = this.#put(tree, path, { mode: '100644', id: this.#blob(Buffer.from(text)) })
    return this.#commit({
      type: 'commit',
      tree: tree ?? this.#tree(new Map()),
      parents: [],
      message,
      time: 0,
    })
  }

  #attempt(cwd: string, call: GitCall): GitReply | GitError {
    try {
      const stdout = this.#run(cwd, call)
      return { stdout: Buffer.isBuffer(stdout) ? stdout : Buffer.from(stdout), stderr: '', exitCode: 0 }
    } catch (error) {
      if (!(error instanceof Exit)) throw error
      if (call.okCodes?.includes(error.code))
        return { stdout: Buffer.from(error.stdout), stderr: error.message, exitCode: error.code }
      const { code: exitCode, stdout, message: stderr } = error
      return new GitError(`git ${call.args.join(' ')}`, { kind: 'exited', exitCode, stderr, stdout })
    }
  }

  #run(cwd: string, { args: given, stdin }: GitCall): string | Buffer {
    const args = withoutSettings(given)
    const [command = '', ...rest] = args
    const input =
      stdin === undefined
        ? Buffer.alloc(0)
        : Buffer.concat(typeof stdin === 'string' ? [Buffer.from(stdin)] : [...stdin])
    const options = rest.filter((one) => one.startsWith('-'))
    const words = rest.filter((one) => !one.startsWith('-'))
    switch (command) {
      case 'status':
        return '# branch.oid (initial)\0# branch.head main\0'
      case 'config':
        return options.includes('--list') ? `remote.origin.url\n${this.remotePath}\0user.name\nAnn\0` : ''
      case 'remote':
        return `${this.remotePath}\n`
      case 'for-each-ref':
        return this.#forEachRef(
          cwd,
          options.find((one) => one.startsWith('--format='))?.slice(9) ?? '',
          words,
        )
      case 'fast-import':
        return this.#fastImport(cwd, input)
      case 'update-ref':
        return this.#updateRefs(cwd, input.toString())
      case 'push':
        return this.#push(cwd, options, words.slice(1))
      case 'fetch':
        return this.#fetch(cwd, options, words.slice(1))
      case 'ls-remote':
        return this.#lsRemote(options, words.slice(1))
      case 'ls-tree':
        return this.#lsTree(options, words)
      case 'cat-file':
        return this.#catFile(cwd, options[0] ?? '', input.toString())
      case 'rev-parse':
        return `${this.#resolve(cwd, words[0] ?? '')}\n`
      case 'log':
        return this.#log(cwd, options, words)
      case 'merge-base':
        if (this.#isAncestor(words[0] ?? '', words[1] ?? '')) return ''
        throw new Exit(1, '')
      case 'bundle':
        return ''
      default:
        throw new Error(`git ${args.join(' ')} is not part of the model`)
    }
  }

  #forEachRef(cwd: string, format: string, patterns: readonly string[]): string {
    const lines: string[] = []
    for (const [ref, id] of [...this.refsOf(cwd)].sort()) {
      const isWanted = patterns.some(
        (one) => ref === one || ref.startsWith(one.endsWith('/') ? one : `${one}/`),
      )
      if (!isWanted) continue
      const commit = this.commit(id)
      lines.push(
        format
          .replace('%(refname)', ref)
          .replace('%(objectname)', id)
          .replace('%(tree)', commit.tree)
          .replace('%(committerdate:unix)', String(commit.time))
          .replace('%(contents)', () => commit.message)
          .replaceAll('%00', '\0'),
      )
    }
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`
  }

  #fastImport(cwd: string, input: Buffer): string {
    let at = 0
    const line = () => {
      const end = input.indexOf(10, at)
      const text = input.toString('utf8', at, end < 0 ? input.length : end)
      at = end < 0 ? input.length : end + 1
      return text
    }
    const data = (head: string) => {
      const size = Number(/^data (\d+)$/.exec(head)?.[1])
      const content = input.subarray(at, at + size)
      at += size
      return Buffer.from(content)
    }
    const unquote = (path: string) => path.replace(/^"(.*)"$/, '$1').replace(/\\([\\"])/g, '$1')
    const marks: string[] = []
    const updates = new Map<string, string>()
    let open:
      | { ref: string; message: string; time: number; parent?: string; tree: string | undefined }
      | undefined
    const close = () => {
      if (!open) return
      const { message, time, parent } = open
      const tree = open.tree ?? this.#tree(new Map())
      const id = this.#commit({
        type: 'commit',
        tree,
        message,
        time,
        parents: parent === undefined ? [] : [parent],
      })
      updates.set(open.ref, id)
      marks.push(id)
      open = undefined
    }
    while (at < input.length) {
      const text = line()
      const [word, one = '', two = '', ...path] = text.split(' ')
      if (word === 'commit') open = { ref: one, message: '', time: 0, tree: undefined }
      else if (word === 'committer' && open) {
        open.time = Number(/> (\d+) \+0000$/.exec(text)?.[1])
        open.message = data(line()).toString()
      } else if (word === 'from' && open) {
        open.parent = one
        open.tree = this.commit(one).tree
      } else if (word === 'deleteall' && open) open.tree = undefined
      else if (word === 'D' && open) open.tree = this.#remove(open.tree, unquote(text.slice(2)))
      else if (word === 'M' && open) {
        const target = unquote(path.join(' '))
        const entry =
          one === '040000' ? { mode: '40000', id: two } : { mode: '100644', id: this.#blob(data(line())) }
        open.tree = this.#put(open.tree, target, entry)
      } else if (word === 'get-mark') close()
    }
    const refs = this.refsOf(cwd)
    for (const [ref, id] of updates) {
      const old = refs.get(ref)
      if (old !== undefined && !this.#isAncestor(old, id))
        throw new Exit(1, `warning: Not updating ${ref} (new tip ${id} does not contain ${old})`)
    }
    for (const [ref, id] of updates) refs.set(ref, id)
    return `${marks.join('\n')}\n`
  }

  #updateRefs(cwd: string, text: string): string {
    const refs = this.refsOf(cwd)
    const changes = text
      .split('\n')
      .map((one) => one.split(' '))
      .filter(([word]) => word === 'delete' || word === 'update')
      .map(([word, ref = '', a = '', b = '']) =>
        word === 'delete' ? { ref, from: a, to: undefined } : { ref, from: b, to: a },
      )
    for (const { ref, from } of changes) {
      const expected = /^0+$/.test(from) ? undefined : from
      if (refs.get(ref) !== expected) throw new Exit(128, `fatal: cannot lock ref '${ref}'`)
    }
    for (const { ref, to } of changes) {
      if (to === undefined) refs.delete(ref)
      else refs.set(ref, to)
    }
    return ''
  }

  #push(_cwd: string, options: readonly string[], refspecs: readonly string[]): string {
    const remote = this.refsOf(this.remotePath)
    const leases = new Map(
      options.flatMap((one) => {
        const [, ref, from] = /^--force-with-lease=([^:]+):(.*)$/.exec(one) ?? []
        return ref === undefined ? [] : [[ref, from ?? ''] as const]
      }),
    )
    const changes = refspecs.map((one) => {
      const [to = '', ref = ''] = one.split(':')
      return {
        ref,
        to: to === '' ? undefined : to,
        isStale: (remote.get(ref) ?? '') !== (leases.get(ref) ?? ''),
      }
    })
    const stale = changes.filter(({ isStale }) => isStale)
    const isAtomic = options.includes('--atomic')
    for (const { ref, to, isStale } of isAtomic && stale.length > 0 ? [] : changes) {
      if (isStale) continue
      this.onRemoteMove(ref, remote.get(ref), to)
      if (to === undefined) remote.delete(ref)
      else remote.set(ref, to)
    }
    if (stale.length === 0) return ''
    const lines = stale.map(({ ref, to }) => `!\t${to ?? ''}:${ref}\t[rejected] (stale info)`)
    throw new Exit(1, 'error: failed to push some refs', lines.join('\n'))
  }

  #fetch(cwd: string, options: readonly string[], refspecs: readonly string[]): string {
    const local = this.refsOf(cwd)
    const remote = this.refsOf(this.remotePath)
    const fetched = new Set<string>()
    let hasTarget = false
    for (const refspec of refspecs) {
      const [, force = '', from = '', to = ''] = /^(\+?)([^:]+):(.*)$/.exec(refspec) ?? []
      const head = from.slice(0, -1)
      const sources = from.endsWith('*') ? [...remote.keys()].filter((ref) => ref.startsWith(head)) : [from]
      for (const source of sources) {
        const id = remote.get(source)
        if (id === undefined) throw new Exit(128, `fatal: couldn't find remote ref ${source}`)
        hasTarget = true
        const target = from.endsWith('*') ? to.slice(0, -1) + source.slice(head.length) : to
        const old = local.get(target)
        fetched.add(target)
        if (force === '' && old !== undefined && !this.#isAncestor(old, id))
          throw new Exit(1, `! [rejected] ${source} -> ${target} (non-fast-forward)`)
        local.set(target, id)
      }
      if (options.includes('--prune') && from.endsWith('*'))
        for (const ref of [...local.keys()])
          if (ref.startsWith(to.slice(0, -1)) && !fetched.has(ref)) local.delete(ref)
    }
    if (!hasTarget && options.some((one) => one.startsWith('--depth'))) throw new Exit(1, '')
    return ''
  }

  #lsRemote(options: readonly string[], patterns: readonly string[]): string {
    const matches = (ref: string) =>
      patterns.length === 0 ||
      patterns.some((one) => (one.endsWith('*') ? ref.startsWith(one.slice(0, -1)) : ref === one))
    return [...this.refsOf(this.remotePath)]
      .filter(([ref]) => matches(ref) && (!options.includes('--heads') || ref.startsWith('refs/heads/')))
      .map(([ref, id]) => `${id}\t${ref}\n`)
      .join('')
  }

  #lsTree(options: readonly string[], [commit = '', ...paths]: readonly string[]): string {
    const tree = this.#treeOf(commit)
    const show = (path: string, { mode, id }: Entry) => {
      const type = mode === '40000' ? 'tree' : 'blob'
      return options.includes('--name-only')
        ? `${path}\0`
        : `${mode.padStart(6, '0')} ${type} ${id}\t${path}\0`
    }
    if (options.includes('-r'))
      return [...this.#walk(tree, '')].map(({ path, entry }) => show(path, entry)).join('')
    return paths
      .flatMap((path) => {
        const entry = this.#at(tree, path.replace(/\/$/, ''))
        if (entry === undefined) return []
        if (!path.endsWith('/')) return [show(path, entry)]
        return [...this.#entries(entry.id)].map(([name, one]) => show(`${path}${name}`, one))
      })
      .join('')
  }

  #catFile(cwd: string, option: string, names: string): Buffer {
    const parts: Buffer[] = []
    for (const name of names.split('\n').slice(0, -1)) {
      let id: string | undefined
      try {
        id = this.#resolve(cwd, name)
      } catch {
        // Said below.
      }
      const found = id === undefined ? undefined : this.#objects.get(id)
      if (id === undefined || found === undefined) parts.push(Buffer.from(`${name} missing\n`))
      else if (option === '--batch') {
        const content = found.type === 'commit' ? Buffer.from(found.message) : found.content
        parts.push(Buffer.from(`${id} ${found.type} ${content.length}\n`), content, Buffer.from('\n'))
      } else
        parts.push(
          Buffer.from(
            `${option.includes('objectsize') && found.type === 'blob' ? found.content.length : id}\n`,
          ),
        )
    }
    return Buffer.concat(parts)
  }

  #log(cwd: string, options: readonly string[], words: readonly string[]): string {
    const grep = options.find((one) => one.startsWith('--grep='))?.slice(7)
    const most = Number(
      options.find((one) => one.startsWith('--max-count='))?.slice(12) ?? Number.POSITIVE_INFINITY,
    )
    const messages: string[] = []
    let id: string | undefined = this.#resolve(cwd, words[0] ?? '')
    while (id !== undefined && messages.length < most) {
      const commit = this.commit(id)
      if (grep === undefined || commit.message.includes(grep)) messages.push(commit.message)
      id = commit.parents[0]
    }
    return messages.map((message) => `${message}${options.includes('-z') ? '\0' : '\n'}`).join('')
  }

  #resolve(cwd: string, name: string): string {
    const [head = '', path] = name.split(/:(.*)/s)
    const bare = head.replace(/\^\{tree\}$/, '')
    const base = this.#objects.has(bare) ? bare : this.refsOf(cwd).get(bare)
    if (base === undefined) throw new Exit(128, `fatal: bad revision '${name}'`)
    if (path === undefined) return head === bare ? base : this.#treeOf(base)
    const entry = this.#at(this.#treeOf(base), path)
    if (entry === undefined) throw new Exit(128, `fatal: path '${path}' does not exist`)
    return entry.id
  }

  #isAncestor(old: string, id: string): boolean {
    for (let at: string | undefined = id; at !== undefined; at = this.commit(at).parents[0])
      if (at === old) return true
    return false
  }

  #treeOf(id: string): string {
    const found = this.#objects.get(id)
    return found?.type === 'commit' ? found.tree : id
  }

  #entries(tree: string): ReadonlyMap<string, Entry> {
    const found = this.#objects.get(tree)
    if (found?.type !== 'tree') throw new Error(`${tree} is no tree`)
    return found.entries
  }

  #at(tree: string, path: string): Entry | undefined {
    let entry: Entry = { mode: '40000', id: tree }
    for (const name of path.split('/')) {
      if (entry.mode !== '40000') return undefined
      const next = this.#entries(entry.id).get(name)
      if (next === undefined) return undefined
      entry = next
    }
    return entry
  }

  *#walk(tree: string, prefix: string): Generator<{ readonly path: string; readonly entry: Entry }> {
    for (const [name, entry] of this.#entries(tree)) {
      if (entry.mode === '40000') yield* this.#walk(entry.id, `${prefix}${name}/`)
      else yield { path: prefix + name, entry }
    }
  }

  /** A tree with something at a path; an empty path stands for all of it. */
  #put(tree: string | undefined, path: string, entry: Entry): string {
    if (path === '') return entry.id
    const [name = '', rest] = path.split(/\/(.*)/s)
    const entries = new Map(tree === undefined ? [] : this.#entries(tree))
    const inside = entries.get(name)
    if (rest === undefined) entries.set(name, entry)
    else
      entries.set(name, {
        mode: '40000',
        id: this.#put(inside?.mode === '40000' ? inside.id : undefined, rest, entry),
      })
    return this.#tree(entries)
  }

  #remove(tree: string | undefined, path: string): string | undefined {
    if (tree === undefined) return undefined
    const [name = '', rest] = path.split(/\/(.*)/s)
    const entries = new Map(this.#entries(tree))
    const inside = entries.get(name)
    if (inside === undefined) return tree
    const left = rest === undefined ? undefined : this.#remove(inside.id, rest)
    if (left === undefined || this.#entries(left).size === 0) entries.delete(name)
    else entries.set(name, { mode: '40000', id: left })
    return this.#tree(entries)
  }

  #blob(content: Buffer): string {
    return this.#store('blob', content, { type: 'blob', content })
  }

  #tree(entries: ReadonlyMap<string, Entry>): string {
    const key = ([name, { mode }]: readonly [string, Entry]) =>
      Buffer.from(mode === '40000' ? `${name}/` : name)
    const sorted = [...entries].sort((a, b) => Buffer.compare(key(a), key(b)))
    const content = Buffer.concat(
      sorted.flatMap(([name, { mode, id }]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]),
    )
    return this.#store('tree', content, { type: 'tree', entries: new Map(sorted), content })
  }

  #commit(commit: Extract<Stored, { type: 'commit' }>): string {
    const { tree, parents, message, time } = commit
    const by = `codemie-ci <codemie-ci@users.noreply.github.com> ${time} +0000`
    const lines = [
      `tree ${tree}`,
      ...parents.map((id) => `parent ${id}`),
      `author ${by}`,
      `committer ${by}`,
      '',
      message,
    ]
    return this.#store('commit', Buffer.from(lines.join('\n')), commit)
  }

  #store(type: string, content: Buffer, stored: Stored): string {
    const id = createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex')
    if (!this.#objects.has(id)) this.#objects.set(id, stored)
    return id
  }
}

/** git ended with a status and words. */
class Exit extends Error {
  readonly code: number
  readonly stdout: string

  constructor(code: number, message: string, stdout = '') {
    super(message)
    this.code = code
    this.stdout = stdout
  }
}

/** The command and its arguments, without `-c name=value` before it and the `--` within. */
function withoutSettings(args: readonly string[]): readonly string[] {
  let start = 0
  while (args[start] === '-c') start += 2
  return args.slice(start).filter((one) => one !== '--')
}
