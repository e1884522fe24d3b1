// Says in one line that this Node is too old, and ends with status 1. It runs before everything else, on Nodes that
// the project does not support, so it is CommonJS and keeps to syntax and functions that Node 4 has.
'use strict'

var OLDEST = [20, 19]

/**
 * Whether a version of Node can run this project.
 * @param {string} version As in `process.version`, e.g. `v20.19.0`.
 * @returns {boolean}
 */
function isSupported(version) {
  var parts = version.replace(/^v/, '').split('.').map(Number)
  return parts[0] > OLDEST[0] || (parts[0] === OLDEST[0] && parts[1] >= OLDEST[1])
}

module.exports = { isSupported: isSupported, OLDEST: OLDEST }

if (require.main === module && !isSupported(process.version)) {
  console.error('codemie-ci needs Node ' + OLDEST.join('.') + ' or newer; this is ' + process.version + '.')
  process.exit(1)
}
