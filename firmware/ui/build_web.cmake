# cmake -DUI=... -DWWW=... -DNPM=... -P build_web.cmake
# node_modules stands in the source tree and is shared by all build directories: one at a time, and only when the lock
# file is newer than what was installed.
cmake_minimum_required(VERSION 3.25)

function(run_npm)
  execute_process(COMMAND ${NPM} ${ARGN} WORKING_DIRECTORY ${UI} RESULT_VARIABLE failed)
  if(failed)
    list(JOIN ARGN " " words)
    message(FATAL_ERROR "npm ${words} failed in ${UI}: see the lines above.")
  endif()
endfunction()

file(LOCK ${UI}/.npm-ci.lock GUARD PROCESS TIMEOUT 600)
set(installed ${UI}/node_modules/.package-lock.json)
if(NOT EXISTS ${installed} OR ${UI}/package-lock.json IS_NEWER_THAN ${installed})
  run_npm(ci --no-audit --no-fund --loglevel=error)
endif()
set(ENV{SHILU_WWW} ${WWW})
run_npm(run build --silent)
