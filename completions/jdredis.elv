# Completion of jdredis for elvish. The program says what there is to offer; nothing that was typed is run.

use str

set edit:completion:arg-completer[jdredis] = {|@words|
    var lines = []
    try {
        tmp E:JDREDIS_COMPLETE = elvish
        set lines = [(e:jdredis -- (- (count $words) 1) $@words 2>/dev/null </dev/null)]
    } catch e {
        nop
    }
    if (> (count $lines) 0) {
        if (eq $lines[0] values) {
            for line $lines[1..] {
                var value help = (str:split &max=2 "\t" $line)
                if (eq $help '') {
                    edit:complex-candidate $value
                } else {
                    edit:complex-candidate $value &display=$value' ('$help')'
                }
            }
        } else {
            # Of --dir=PATH, the path is completed.
            var option path = '' $words[-1]
            if (and (str:has-prefix $path --) (str:contains $path =)) {
                var name rest = (str:split &max=2 = $path)
                set option path = $name'=' $rest
            }
            edit:complete-filename $path | each {|file|
                var is-folder = (str:has-suffix $file[stem] /)
                if (or $is-folder (eq $lines[0] files)) {
                    edit:complex-candidate $option$file[stem] &code-suffix=$file[code-suffix]
                }
            }
        }
    }
}
