{{/* sockpush.name: the DaemonSet's name: the release's, with the chart's where it does not hold that. */}}
{{- define "sockpush.name" -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* sockpush.selector: the labels by which the DaemonSet finds its pods. */}}
{{- define "sockpush.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
