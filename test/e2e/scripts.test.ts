import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addCounts, formatCounts, readVitestCounts } from '../../scripts/counts.mjs'
import { digestSources, isBuilt, isInstalled, stampPath } from '../../scripts/freshness.mjs'

const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'codemie-ci-scripts-'))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

/** Writes files below the temporary root; the folders come with them. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

/** A program of the temporary root, run by Node, with nothing of this machine's environment but a PATH. */
function runNode(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { PATH: dirname(process.execPath), ...env },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

describe('the check of the Node version', () => {
  const run = (version: string) => {
    write({ 'fake.cjs': `Object.defineProperty(process, 'version', { value: '${version}' })` })
    return runNode(['--require', join(root, 'fake.cjs'), join(project, 'scripts/check-node.cjs')])
  }

  it.each(['v4.9.1', 'v16.20.2', 'v18.20.8', 'v20.0.0', 'v20.18.3', 'v20.9.0'])(
    'refuses %s in one line',
    (version) => {
      expect(run(version)).toEqual({
        status: 1,
        stdout: '',
        stderr: `codemie-ci needs Node 20.19 or newer; this is ${version}.\n`,
      })
    },
  )

  it.each(['v20.19.0', 'v20.20.2', 'v21.0.0', 'v22.1.0', 'v24.21.0', 'v100.0.0'])(
    'lets %s pass in silence',
    (version) => {
      expect(run(version)).toEqual({ status: 0, stdout: '', stderr: '' })
    },
  )

  it('asks for what package.json declares', () => {
    const { engines } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
    expect(engines.node).toBe('>=20.19')
    expect(run('v0.12.0').stderr).toContain('20.19')
  })
})

describe('the line of counts', () => {
  const results = (testResults: unknown) => {
    write({ 'vitest.json': JSON.stringify({ testResults }) })
    return join(root, 'vitest.json')
  }
  const file = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((test) => ({ status: test })),
  })

  it('has one form', () => {
    expect(formatCounts({ passed: 12, failed: 0, skipped: 3 })).toBe('12 passed, 0 failed, 3 skipped')
  })

  it.each([
    { name: 'all passed', files: [file('passed', 'passed', 'passed')], status: 0, counts: [2, 0, 0] },
    {
      name: 'skipped and unfinished',
      files: [file('passed', 'passed', 'skipped', 'todo', 'pending')],
      status: 0,
      counts: [1, 0, 3],
    },
    {
      name: 'one test failed',
      files: [file('failed', 'passed', 'failed'), file('passed', 'passed')],
      status: 1,
      counts: [2, 1, 0],
    },
    {
      name: 'a file that cannot be loaded',
      files: [file('failed'), file('passed', 'passed')],
      status: 1,
      counts: [1, 1, 0],
    },
    { name: 'an error outside every test', files: [file('passed', 'passed')], status: 1, counts: [1, 1, 0] },
    { name: 'killed by a signal', files: [file('passed', 'passed')], status: null, counts: [1, 1, 0] },
  ])('counts $name', ({ files, status, counts: [passed, failed, skipped] }) => {
    expect(readVitestCounts(results(files), status)).toEqual({ passed, failed, skipped })
  })

  it('counts a run that left no results as one failure', () => {
    expect(readVitestCounts(join(root, 'missing.json'), 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it('adds', () => {
    expect(addCounts({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })).toEqual({
      passed: 11,
      failed: 22,
      skipped: 33,
    })
  })
})

describe('what is installed', () => {
  const lock = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/mac': { version: '1.0.0', optional: true },
  }
  const installed = (packages?: unknown) => {
    write({ 'package-lock.json': JSON.stringify({ packages: lock }) })
    if (packages) write({ 'node_modules/.package-lock.json': JSON.stringify({ packages }) })
    return isInstalled(root)
  }

  it.each([
    { name: 'nothing', packages: undefined, expected: false },
    {
      name: 'everything',
      packages: { 'node_modules/a': { version: '1.0.0' }, 'node_modules/mac': { version: '1.0.0' } },
      expected: true,
    },
    {
      name: "all but another platform's package",
      packages: { 'node_modules/a': { version: '1.0.0' } },
      expected: true,
    },
    { name: 'an older version', packages: { 'node_modules/a': { version: '0.9.0' } }, expected: false },
    { name: 'a package less', packages: {}, expected: false },
    {
      name: 'a package too many',
      packages: { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } },
      expected: false,
    },
  ])('with $name there: $expected', ({ packages, expected }) => {
    expect(installed(packages)).toBe(expected)
  })
})

describe('what is built', () => {
  it('goes by names and contents, not by times', () => {
    write({ 'schema/a.ts': 'one', 'cli/ui/b.ts': 'two', 'README.md': 'three' })
    const first = digestSources(root)
    utimesSync(join(root, 'schema/a.ts'), 1, 1)
    write({ 'README.md': 'other words', 'test/a.test.ts': 'new' })
    expect(digestSources(root)).toBe(first)

    write({ 'cli/ui/b.ts': 'changed' })
    expect(digestSources(root)).not.toBe(first)
    write({ 'cli/ui/b.ts': 'two' })
    expect(digestSources(root)).toBe(first)
    write({ 'cli/ui/c.ts': '' })
    expect(digestSources(root)).not.toBe(first)
  })

  it('is out of date as soon as a source changes', () => {
    write({ 'schema/a.ts': 'one' })
    expect(isBuilt(root)).toBe(false)
    mkdirSync(join(root, 'dist'))
    writeFileSync(stampPath(root), `${digestSources(root)}\n`)
    expect(isBuilt(root)).toBe(true)
    write({ 'schema/a.ts': 'two' })
    expect(isBuilt(root)).toBe(false)
  })
})

describe('npm start, before it starts', () => {
  /** A copy of the scripts with an npm and a build that only say what they were asked. */
  const prepare = (lockVersion: string) => {
    cpSync(join(project, 'scripts'), join(root, 'scripts'), { recursive: true })
    write({
      'package-lock.json': JSON.stringify({
        packages: { '': {}, 'node_modules/a': { version: lockVersion } },
      }),
      'node_modules/.package-lock.json': JSON.stringify({
        packages: { 'node_modules/a': { version: '1.0.0' } },
      }),
      'npm.cjs':
        'console.log("npm " + process.argv.slice(2).join(" ")); process.exit(Number(process.env.NPM_STATUS || 0))',
      'scripts/build.mjs': 'console.log("built")',
      'cli/main.ts': '',
    })
    mkdirSync(join(root, 'dist'))
    writeFileSync(stampPath(root), digestSources(root))
  }
  const run = (env: Readonly<Record<string, string>> = {}) =>
    runNode(['scripts/prestart.mjs'], { npm_execpath: join(root, 'npm.cjs'), ...env })

  it('is silent when nothing is to do', () => {
    prepare('1.0.0')
    expect(run()).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('installs after the lockfile changed, and builds anew', () => {
    prepare('1.0.0')
    write({ 'package-lock.json': JSON.stringify({ packages: { 'node_modules/a': { version: '2.0.0' } } }) })
    expect(run()).toEqual({
      status: 0,
      stdout: '',
      stderr: 'Installing packages (once) …\nnpm ci --ignore-scripts\nBuilding …\nbuilt\n',
    })
  })

  it('builds after a source changed', () => {
    prepare('1.0.0')
    write({ 'cli/main.ts': 'changed' })
    expect(run()).toEqual({ status: 0, stdout: '', stderr: 'Building …\nbuilt\n' })
  })

  it('stops when the install fails', () => {
    prepare('2.0.0')
    expect(run({ NPM_STATUS: '7' })).toEqual({
      status: 7,
      stdout: '',
      stderr: 'Installing packages (once) …\nnpm ci --ignore-scripts\n',
    })
  })
})

describe('npm test', () => {
  /** A copy of the scripts whose tools end as they are told by a variable of their name. */
  const prepare = () => {
    const tool = (name: string) =>
      `console.log('${name} ran'); process.exitCode = Number(process.env.${name} || 0)`
    cpSync(join(project, 'scripts'), join(root, 'scripts'), { recursive: true })
    write({
      'node_modules/typescript/bin/tsc': tool('TSC'),
      'node_modules/@biomejs/biome/bin/biome': tool('BIOME'),
      'node_modules/knip/bin/knip.js': tool('KNIP'),
      'scripts/generate.mjs': tool('GENERATE'),
      'scripts/build.mjs': tool('BUILD'),
      'node_modules/vitest/vitest.mjs': `
        import { writeFileSync } from 'node:fs'
        const file = process.argv.find((arg) => arg.startsWith('--outputFile.json=')).slice('--outputFile.json='.length)
        const tests = ['passed', 'passed', process.env.VITEST_FAILS ? 'failed' : 'skipped']
        writeFileSync(file, JSON.stringify({ testResults: [{ status: 'x', assertionResults: tests.map((status) => ({ status })) }] }))
        process.exitCode = process.env.VITEST_FAILS ? 1 : 0`,
    })
  }
  const run = (env: Readonly<Record<string, string>> = {}) => {
    prepare()
    const { status, stdout } = runNode(['scripts/test.mjs'], env)
    return { status, lines: stdout.trimEnd().split('\n') }
  }

  // Five checks with the build, two programs that are not on the PATH, and three tests.
  it.each([
    { name: 'everything is fine', env: {}, status: 0, last: '7 passed, 0 failed, 3 skipped' },
    { name: 'the types are wrong', env: { TSC: '2' }, status: 1, last: '6 passed, 1 failed, 3 skipped' },
    {
      name: 'all checks fail',
      env: { TSC: '2', BIOME: '1', KNIP: '1', GENERATE: '1', BUILD: '1' },
      status: 1,
      last: '2 passed, 5 failed, 3 skipped',
    },
    { name: 'a test fails', env: { VITEST_FAILS: '1' }, status: 1, last: '7 passed, 1 failed, 2 skipped' },
  ])('ends with the count when $name', ({ env, status, last }) => {
    const outcome = run(env)
    expect(outcome.lines.at(-1)).toBe(last)
    expect(outcome.status).toBe(status)
  })

  it('shows what a failed check said, names what was skipped, and is brief about the rest', () => {
    const { lines } = run({ KNIP: '1' })
    expect(lines.slice(0, 8)).toEqual([
      '✓ build',
      '✓ types',
      '✓ lint and format',
      '✗ unused code and packages',
      'KNIP ran',
      '',
      '✓ generated files',
      '- workflow syntax: skipped, actionlint is not installed',
    ])
  })
})

describe('the build', () => {
  const sources = {
    'package.json': '{ "name": "sample", "version": "1.2.3" }',
    'cli/start.ts': "export const start = async () => (await import('./show.ts')).show()",
    'cli/show.ts':
      "import { parse } from '../schema/index.ts'\nexport const show = () => console.log(JSON.stringify(parse('a: 1')))",
    'schema/dialects/codemie/format.ts': "export const workflowFileSchema = { title: 'workflow' }",
    'schema/config-format.ts': "export const configFileSchema = { title: 'config' }",
    'schema/index.ts': "export { parse } from 'yaml'",
    'runner/index.ts': 'export const run = 1',
    'action/index.ts': "import { parse } from 'yaml'\nconsole.log(parse('- 2'))",
  }
  const build = (folder: string) => {
    for (const [path, text] of Object.entries(sources)) write({ [join(folder, path)]: text })
    cpSync(join(project, 'scripts'), join(root, folder, 'scripts'), { recursive: true })
    for (const file of ['main.ts', 'compiled.ts'])
      cpSync(join(project, 'cli', file), join(root, folder, 'cli', file))
    symlinkSync(join(project, 'node_modules'), join(root, folder, 'node_modules'))
    execFileSync(process.execPath, [join(root, folder, 'scripts/build.mjs')], { stdio: 'pipe' })
    const dist = join(root, folder, 'dist')
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.includes('.'),
    )
    return Object.fromEntries(files.sort().map((file) => [file, readFileSync(join(dist, file), 'utf8')]))
  }

  it('gives the same bytes in another folder, a small entry, and programs that run', () => {
    const files = build('one')
    expect(build('two')).toEqual(files)
    expect(files['cli.cjs']?.startsWith('#!/usr/bin/env node\n')).toBe(true)
    expect(files['cli.cjs']?.length).toBeLessThan(4000)
    expect(files['workflow.schema.json']).toBe('{\n  "title": "workflow"\n}\n')
    expect(files['config.schema.json']).toBe('{\n  "title": "config"\n}\n')
    expect(files['THIRD-PARTY-LICENSES.txt']).toContain('yaml ')
    const print = (...args: string[]) =>
      execFileSync(join(root, 'one/dist', args[0] ?? ''), args.slice(1), { encoding: 'utf8' })
    expect(print('cli.cjs', '--version')).toBe('1.2.3\n')
    expect(print('cli.cjs')).toBe('{"a":1}\n')
    expect(runNode([join(root, 'one/dist/action/index.cjs')]).stdout).toBe('[ 2 ]\n')
  })
})

describe.skipIf(process.platform === 'win32')('.ci/run on a machine that has little', () => {
  /** Copies the script beside a PATH that holds the shell's own tools and an npm that ends as it is told. */
  const run = (npm: string) => {
    cpSync(join(project, '.ci'), join(root, '.ci'), { recursive: true })
    cpSync(join(project, 'scripts'), join(root, 'scripts'), { recursive: true })
    mkdirSync(join(root, 'bin'))
    for (const tool of [
      'bash',
      'dirname',
      'env',
      'grep',
      'id',
      'mkdir',
      'mktemp',
      'rm',
      'tail',
      'tee',
      'timeout',
      'uname',
    ]) {
      const path = ['/usr/bin', '/bin'].map((folder) => join(folder, tool)).find((file) => existsSync(file))
      if (path !== undefined) symlinkSync(path, join(root, 'bin', tool))
    }
    symlinkSync(process.execPath, join(root, 'bin/node'))
    write({ 'bin/npm': `#!/usr/bin/env bash\nif [ "$1" = install ]; then exit 1; fi\n${npm}\n` })
    chmodSync(join(root, 'bin/npm'), 0o755)
    const { status, stdout } = spawnSync(join(root, 'bin/bash'), ['.ci/run'], {
      cwd: root,
      env: { PATH: join(root, 'bin'), HOME: root },
      encoding: 'utf8',
    })
    return { status, lines: stdout.trimEnd().split('\n') }
  }

  it('says what is missing and goes on', () => {
    const { status, lines } = run('echo "CI is $CI"; echo "3 passed, 0 failed, 1 skipped"')
    expect(status).toBe(0)
    expect(lines.slice(-2)).toEqual(['CI is true', '3 passed, 0 failed, 1 skipped'])
    for (const missing of ['zizmor', 'actionlint', 'act']) {
      expect(lines.some((line) => line.startsWith(`.ci/run: WARNING: no ${missing} `))).toBe(true)
    }
  })

  it('ends with the count and the status although npm has more to say', () => {
    const { status, lines } = run('echo "2 passed, 1 failed, 0 skipped"; echo "npm error code 1" >&2; exit 4')
    expect(status).toBe(4)
    expect(lines.slice(-2)).toEqual(['npm error code 1', '2 passed, 1 failed, 0 skipped'])
  })
})
