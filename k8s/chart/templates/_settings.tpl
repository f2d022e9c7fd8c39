{{/* sockpush.sidecar: "true" where the container counts its own pod. */}}
{{- define "sockpush.sidecar" -}}
{{- if hasSuffix "sidecar" .Values.mode }}true{{ end }}
{{- end }}

{{/* sockpush.hostProc: "true" where the node's procfs is mounted. */}}
{{- define "sockpush.hostProc" -}}
{{- if has .Values.mode (list "host-proc" "pods" "pods-host-network") }}true{{ end }}
{{- end }}

{{/* sockpush.relayDirectory: the directory of the relay's socket, or nothing. */}}
{{- define "sockpush.relayDirectory" -}}
{{- if and .Values.relay.enabled .Values.relay.socket }}{{ dir .Values.relay.socket }}{{ end }}
{{- end }}

{{/* sockpush.settings: the mode's variables, then those of the values, which win; as JSON. */}}
{{- define "sockpush.settings" -}}
{{- $all := dict }}
{{- if include "sockpush.sidecar" . }}
{{- $_ := set $all "ports" "listen" }}
{{- $_ := set $all "pid" "off" }}{{/* owners are other containers' processes, visible only with shareProcessNamespace */}}
{{- else }}
{{- $_ := set $all "self" "on" }}
{{- $ingress := dict "ports" (list "80" "443") "tags" (dict "service" "ingress") }}
{{- $kubelet := dict "ports" (list "10250") "tags" (dict "service" "kubelet") }}
{{- if eq .Values.mode "pods" }}
{{- $_ := set $all "backend" "off" }}{{/* no namespace is counted apart, so the node is one of netstat_pod */}}
{{- else }}
{{- $_ := set $all "ports" (list $ingress $kubelet) }}
{{- end }}
{{- end }}
{{- if include "sockpush.hostProc" . }}
{{- $_ := set $all "proc" "/host/proc" }}
{{- $_ := set $all "pid" "off" }}{{/* it would need the rights of the value pid */}}
{{- end }}
{{- if hasPrefix "pods" .Values.mode }}
{{- $_ := set $all "pods" "on" }}
{{- end }}
{{- if .Values.relay.enabled }}
{{- $udp := ternary (list (printf "udp://127.0.0.1:%d" (int64 .Values.relay.port))) list (gt (int64 .Values.relay.port) 0) }}
{{- $unix := ternary (list (printf "unix://%s" .Values.relay.socket)) list (ne .Values.relay.socket "") }}
{{- $_ := set $all "listen" (concat $udp $unix | join ",") }}
{{- end }}
{{- if or .Values.tls.configMap .Values.tls.secret }}
{{- $_ := set $all "tlsCa" "/tls/ca.crt" }}
{{- end }}
{{- if .Values.tls.secret }}
{{- $_ := set $all "tlsCert" "/tls/tls.crt" }}
{{- $_ := set $all "tlsKey" "/tls/tls.key" }}
{{- end }}
{{- range $key, $value := .Values.settings }}
{{- $_ := set $all $key $value }}
{{- end }}
{{- toRawJson $all }}
{{- end }}

{{/* sockpush.text: a setting's value as its variable has it. */}}
{{- define "sockpush.text" -}}
{{- if kindIs "bool" . }}{{ ternary "on" "off" . }}
{{- else if kindIs "float64" . }}{{ int64 . }}
{{- else if kindIs "slice" . }}{{ toRawJson . }}
{{- else if kindIs "map" . }}
{{- $items := list }}
{{- range $key, $value := . }}
{{- $items = append $items (printf "%s=%s" $key (ternary ($value | toJson) ($value | toString) (kindIs "float64" $value))) }}
{{- end }}
{{- join "," $items }}
{{- else }}{{ . }}{{ end }}
{{- end }}

{{/* sockpush.env: the container's variables. Kubernetes replaces $(NAME) only by one that comes before, so settings come last. */}}
{{- define "sockpush.env" -}}
- name: NODE_NAME # the tag "host"
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- if contains "$(NODE_IP)" (toRawJson .Values) }}
- name: NODE_IP
  valueFrom:
    fieldRef:
      fieldPath: status.hostIP
{{- end }}
{{- if include "sockpush.sidecar" . }}
- name: POD_NAME # the tag "pod_name"
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE # the tag "namespace"
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- range $key, $value := include "sockpush.settings" . | fromJson }}
{{- $text := include "sockpush.text" $value }}
{{- if $text }}
- name: SOCKPUSH_{{ snakecase $key | upper }}
  value: {{ quote $text }}
{{- end }}
{{- end }}
{{- range $name, $value := dict "SOCKPUSH_HTTP_TOKEN" .Values.httpToken "SOCKPUSH_HTTP_HEADERS" .Values.httpHeaders }}
{{- if $value.secret }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $value.secret }}
      key: {{ $value.key }}
{{- end }}
{{- end }}
{{- with .Values.resourceAttributes }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ quote . }}
{{- end }}
{{- end }}
