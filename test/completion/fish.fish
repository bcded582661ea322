# Prints what fish completes of each of the lines behind the first word, which is the script: the
# candidates of a line, one a line, then THE END.
source $argv[1]
for line in $argv[2..-1]
    complete -C $line
    echo 'THE END'
end
