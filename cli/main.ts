import type { Cli, Output } from './context.ts'

const version = process.env.CODEMIE_CI_VERSION ?? 'development'
const argv = process.argv.slice(2)

// Before any import: a version is asked for by scripts that run often.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) process.stdout.write(`${version}\n`)
else await start()

async function start(): Promise<void> {
  const { runCli } = await import('./cli.ts')
  const { realWorld } = await import('../runner/world.ts')
  const { isCi, makePalette, wantsColor, wantsUnicode } = await import('./ui/palette.ts')
  const { env } = process
  const stdout = openOutput(process.stdout)
  const stderr = openOutput(process.stderr)
  const unicode = wantsUnicode(env, process.platform)
  const look = (stream: Output) => makePalette({ color: wantsColor(env, stream, false), unicode })
  const isAttended = stderr.isTerminal && !isCi(env) && env['TERM'] !== 'dumb'
  const cli: Cli = {
    version,
    world: realWorld(process),
    stdout,
    stderr,
    readStdin,
    canAsk: isAttended && process.stdin.isTTY === true,
    canRedraw: isAttended && (stderr.columns ?? 0) > 0,
    look: { stdout: look(stdout), stderr: look(stderr) },
    onInterrupt,
    exitNow: (status) => process.exit(status),
    terminal: { stdin: process.stdin, stderr: process.stderr },
  }
  process.exitCode = await runCli(argv, cli)
  await Promise.all([drain(process.stdout), drain(process.stderr)])
  // A connection that a provider or a tool keeps open must not keep the process.
  process.exit()
}

/** A reader that went away (`codemie-ci list | head -1`) ends the output, not the work. */
function openOutput(stream: NodeJS.WriteStream): Output {
  let isOpen = true
  stream.on('error', () => {
    isOpen = false
  })
  return {
    write: (text) => {
      if (isOpen) stream.write(text)
    },
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.isTTY ? stream.columns : undefined
    },
  }
}

/** Resolves when everything written so far has left, or never will. */
function drain(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve()
    else stream.write('', () => resolve())
  })
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

function onInterrupt(listener: () => void): () => void {
  // CI systems ask with SIGINT or SIGTERM, and a closed terminal with SIGHUP.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}
