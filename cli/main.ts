const version = process.env.CODEMIE_CI_VERSION ?? 'development'
const argv = process.argv.slice(2)

// Before any import: a version is asked for by scripts that run often.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) process.stdout.write(`${version}\n`)
else {
  const { start } = await import('./start.ts')
  await start(process, version)
}

export {}
