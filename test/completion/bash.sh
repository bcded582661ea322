# Prints what bash completes of each of the lines behind the first word, which is the script: the
# candidates of a line, one a line, then THE END. Words are parted as readline parts them: at
# blanks, and around each `=` and `:`.
source "$1"
shift
for COMP_LINE; do
  COMP_POINT=${#COMP_LINE}
  COMP_WORDS=()
  piece=''
  for ((at = 0; at < COMP_POINT; at++)); do
    letter=${COMP_LINE:at:1}
    if [[ $letter == [=:\ ] ]]; then
      [[ -n $piece ]] && COMP_WORDS+=("$piece")
      piece=''
      [[ $letter == ' ' ]] || COMP_WORDS+=("$letter")
    else
      piece+=$letter
    fi
  done
  if [[ -n $piece || ${COMP_LINE: -1} == ' ' ]]; then COMP_WORDS+=("$piece"); fi
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _rarangi rarangi "$piece"
  ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
  echo 'THE END'
done
