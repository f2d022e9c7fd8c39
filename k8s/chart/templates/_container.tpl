{{/*
For a parent chart, with the scope .Subcharts.sockpush:

sockpush.container           sockpush's container, an item of containers, or with the mode native-sidecar of initContainers
sockpush.volumes             the pod's volumes that it mounts; may be none
sockpush.clientEnv           the application's variables that lead clients of StatsD to relay
sockpush.clientVolumeMounts  the application's mount of relay's socket; may be none
*/}}
{{- define "sockpush.container" -}}
- name: sockpush
  image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- if eq .Values.mode "native-sidecar" }}
  restartPolicy: Always
{{- end }}
  env:
    {{- include "sockpush.env" . | nindent 4 }}
{{- with include "sockpush.volumeMounts" . }}
  volumeMounts:
    {{- nindent 4 . }}
{{- end }}
  resources:
    {{- toYaml .Values.resources | nindent 4 }}
  # No port is open, so a probe has nothing to ask.
  securityContext:
{{- if include "sockpush.sidecar" . }}
    {{- include "sockpush.user" . | nindent 4 }}
{{- end }}
    readOnlyRootFilesystem: true
    allowPrivilegeEscalation: false
    capabilities:
      drop: ["ALL"]
{{- if .Values.pid }}
      add:
        - SYS_PTRACE # to read /proc/PID/fd of other processes
        - DAC_READ_SEARCH # to open it, whoever owns it
        - SETUID # to become user 65534; this and the next are given up with it
        - SETGID
{{- end }}
{{- end }}

{{- define "sockpush.user" -}}
runAsNonRoot: {{ not .Values.pid }}
runAsUser: {{ ternary 0 65534 .Values.pid }}
runAsGroup: {{ ternary 0 65534 .Values.pid }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "sockpush.volumeMounts" }}{{ include "sockpush.volumeMounts.lines" . | trim }}{{ end }}
{{- define "sockpush.volumeMounts.lines" }}
{{- if include "sockpush.hostProc" . }}
- name: proc
  mountPath: /host/proc
  readOnly: true
{{- end }}
{{- if hasPrefix "pods" .Values.mode }}
# The kubelet has a directory NAMESPACE_NAME_UID here for each pod. The log files themselves are not read.
- name: pod-logs
  mountPath: /host/var/log/pods
  readOnly: true
{{- end }}
{{- if or .Values.tls.configMap .Values.tls.secret }}
# The files are read at each connect, so a renewed certificate is used at the next one.
- name: tls
  mountPath: /tls
  readOnly: true
{{- end }}
{{- with .Values.agentSocketDirectory }}
# The directory, not the socket: the agent makes a new socket when it restarts.
- name: dsd
  mountPath: {{ . }}
  readOnly: true
{{- end }}
{{- include "sockpush.clientVolumeMounts.lines" . }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sockpush.volumes" }}{{ include "sockpush.volumes.lines" . | trim }}{{ end }}
{{- define "sockpush.volumes.lines" }}
{{- if include "sockpush.hostProc" . }}
- name: proc
  hostPath:
    path: /proc
    type: Directory
{{- end }}
{{- if hasPrefix "pods" .Values.mode }}
- name: pod-logs
  hostPath:
    path: /var/log/pods
    type: Directory
{{- end }}
{{- with .Values.tls.configMap }}
- name: tls
  configMap:
    name: {{ . }}
{{- end }}
{{- with .Values.tls.secret }}
- name: tls
  secret:
    secretName: {{ . }}
    # A DaemonSet's fsGroup is sockpush's group. A sidecar does without: no other container mounts the volume.
    defaultMode: {{ ternary "0444" "0440" (eq (include "sockpush.sidecar" $) "true") }}
{{- end }}
{{- with .Values.agentSocketDirectory }}
- name: dsd
  hostPath:
    path: {{ . }}
    type: DirectoryOrCreate
{{- end }}
{{- if include "sockpush.relayDirectory" . }}
# Its mode is 0777, so sockpush makes its socket there as user 65534. The directory is shared: sockpush makes a new socket when it restarts.
- name: sockpush
  emptyDir: {}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sockpush.clientVolumeMounts" }}{{ include "sockpush.clientVolumeMounts.lines" . | trim }}{{ end }}
{{- define "sockpush.clientVolumeMounts.lines" }}
{{- with include "sockpush.relayDirectory" . }}
- name: sockpush
  mountPath: {{ . }}
{{- end }}
{{- end }}

{{- define "sockpush.clientEnv" }}{{ include "sockpush.clientEnv.lines" . | trim }}{{ end }}
{{- define "sockpush.clientEnv.lines" }}
{{- if and .Values.relay.enabled .Values.relay.port }}
- name: STATSD_HOST # Python's statsd, with STATSD_PORT
  value: 127.0.0.1
- name: STATSD_PORT
  value: {{ .Values.relay.port | int64 | quote }}
- name: STATSD_ADDR # Shopify's statsd-instrument, which sends only with STATSD_ENV=production
  value: 127.0.0.1:{{ int64 .Values.relay.port }}
{{- end }}
{{- if include "sockpush.relayDirectory" . }}
- name: DD_DOGSTATSD_URL # Datadog's clients for Go and Java
  value: unix://{{ .Values.relay.socket }}
# Datadog's for Ruby, which refuses to have DD_AGENT_HOST, too. The one for Python reads DD_AGENT_HOST, or has localhost.
- name: DD_DOGSTATSD_SOCKET
  value: {{ .Values.relay.socket }}
{{- end }}
{{- end }}
