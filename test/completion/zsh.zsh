# Prints what zsh completes of each of the lines behind the first word, which is the script: the
# candidates of a line, one a line, then THE END. Completion needs a line editor, and that a
# terminal: zpty has one. What is added is caught where all of it passes: in compadd.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PS2= RPS1=; unsetopt zle_bracketed_paste prompt_cr prompt_sp; stty -echo"
zpty -w shell "fpath=(${(q)1:h} \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell 'compadd() {
  local -a caught_here
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    builtin compadd -O caught_here "$@"
    print -rl -- "CANDIDATE "${^caught_here}
  fi
  builtin compadd "$@"
}
complete-line() {
  compstate[insert]= compstate[list]=
  _main_complete
  print -r -- "THE END"
}
zle -C complete-line complete-word complete-line
bindkey "^I" complete-line
print -r -- "NOW"'"'READY'"
zpty -r -m shell line $'*NOWREADY*'
shift
for words; do
  # What was typed before goes first.
  zpty -w -n shell $'\C-u'"$words"$'\t'
  while zpty -r shell line; do
    line=${${line//$'\r'/}%$'\n'}
    [[ $line == *'CANDIDATE '* ]] && print -r -- "${line##*CANDIDATE }"
    [[ $line == *'THE END'* ]] && break
  done
  print 'THE END'
done
zpty -d shell
