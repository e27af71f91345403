// Rehearsal plays a Terraform provider without a cloud behind it: the schemas are the real provider's, the objects are
// made up. Which provider it plays is told by the name it is started under (terraform-provider-azurerm_v4.81.0).
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "rehearsal:", err)
		os.Exit(1)
	}
}

// run plays a provider. With the argument "check" it only tells whether the REHEARSAL_* variables can be understood, and
// with "unused" it lists the elements of REHEARSAL_FAIL that nothing was like so far, one a line.
func run(arguments []string) error {
	if len(arguments) == 2 {
		s, err := stageFromEnv(os.Getenv)
		switch {
		case err != nil:
			return err
		case arguments[1] == "check":
			return nil
		case arguments[1] == "unused":
			for _, spec := range s.unused() {
				fmt.Println(spec)
			}
			return nil
		}
	}
	name, err := providerName(arguments[0])
	if err != nil {
		return err
	}
	return serve(name)
}

func providerName(executable string) (string, error) {
	base := strings.TrimSuffix(filepath.Base(executable), ".exe")
	name, found := strings.CutPrefix(base, "terraform-provider-")
	if !found {
		return "", fmt.Errorf("%q is no provider name; run install.sh, and let terraform start the program", base)
	}
	name, _, _ = strings.Cut(name, "_")
	return name, nil
}

func serve(name string) error {
	// A provider that does not start is shown by Terraform without its reason: the mistake is kept for later.
	stage, mistake := stageFromEnv(os.Getenv)
	p, err := newProvider(name, stage)
	if err != nil {
		return err
	}
	p.mistake = mistake
	// Terraform starts the program with its handshake cookie; Serve explains itself to a person who runs it by hand.
	return tf6server.Serve("registry.terraform.io/hashicorp/"+name, func() tfprotov6.ProviderServer { return p },
		tf6server.WithoutLogStderrOverride())
}
