"""The real programs of the recordings: how each is started as a client or a server.

A server function gives (argv, port, description); a client function gives (argv, description). Options are
the program's own, so a recording says in its own words what was broken.
"""
import os
import sys

from lab import SERVER
from pki import HOST

HERE = os.path.dirname(os.path.abspath(__file__))
PLAYS = os.path.join(os.path.dirname(HERE), "plays")
P = ""      # folder of keys and certificates, set by record.py
WORK = ""   # scratch folder of the current recording


def path(name):
    return os.path.join(P, name)


def write(name, text):
    full = os.path.join(WORK, name)
    with open(full, "w") as f:
        f.write(text)
    return full


def keylog():
    """Where clients write their secrets: SSLKEYLOGFILE names it, for those that do not look there."""
    return os.path.join(WORK, "keys.log")


# ---- servers

def s_server(cert="www", *options, port=443, www=True):
    argv = ["openssl", "s_server", "-accept", str(port), "-cert", path(cert + ".crt"), "-key", path(cert + ".key")]
    argv += ["-cert_chain", path(cert + ".chain")] if os.path.getsize(path(cert + ".chain")) else []
    return argv + (["-www"] if www else []) + list(options), port, "openssl s_server 3.0" + words(options)


def gnutls_serv(priority="NORMAL", cert="www", *options, port=443):
    argv = ["gnutls-serv", "-p", str(port), "--http", "--priority", priority, "--x509certfile", path(cert + ".pem"), "--x509keyfile", path(cert + ".key")]
    return argv + list(options), port, "gnutls-serv 3.7 " + priority + words(options)


def selfserv(cert="www", versions="tls1.0:tls1.3", *options, port=443):
    key = ["-n", cert] if not cert.startswith("ec") else ["-e", cert]
    return ["selfserv", "-d", "sql:" + path("nss-server"), "-p", str(port), "-V", versions, "-w", ""] + key + list(options), port, "NSS selfserv " + versions


def java_server(keys="www", *options, port=443, jvm=()):
    argv = ["java", *jvm, "-cp", P, "Peer", "mode=server", "port=%d" % port, "keys=" + path(keys + "-java.p12"), "trust=" + path("roots.jks"), *options]
    return argv, port, "Java 17 SSLServerSocket" + words(options)


def nginx(cert="www", lines="", port=443):
    if "ssl_protocols" not in lines:
        lines = "ssl_protocols TLSv1.2 TLSv1.3; " + lines
    conf = write("nginx.conf", """
daemon off; pid %(w)s/nginx.pid; error_log %(w)s/nginx.log; worker_processes 1; user root;
events { worker_connections 64; }
http { access_log off; client_body_temp_path %(w)s; proxy_temp_path %(w)s; fastcgi_temp_path %(w)s; uwsgi_temp_path %(w)s; scgi_temp_path %(w)s;
server { listen %(port)d ssl; listen [::]:%(port)d ssl; server_name %(host)s; ssl_certificate %(cert)s.pem; ssl_certificate_key %(cert)s.key; %(lines)s return 204; } }
""" % {"w": WORK, "port": port, "host": HOST, "cert": path(cert), "lines": lines})
    return ["nginx", "-c", conf, "-e", WORK + "/nginx.log"], port, "nginx 1.22 " + lines


def haproxy(cert="www", bind="", port=443):
    pem = write("haproxy.pem", open(path(cert + ".pem")).read() + open(path(cert + ".key")).read())
    conf = write("haproxy.cfg", "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n"
                 "frontend f\n bind :%d ssl crt %s %s\n http-request return status 204\n" % (port, pem, bind))
    return ["haproxy", "-db", "-f", conf], port, "haproxy 2.6 " + bind


def stunnel(cert="www", lines="", port=443):
    conf = write("stunnel.conf", "foreground = yes\npid =\ndebug = 5\n[s]\naccept = :::%d\nconnect = 127.0.0.1:9\ncert = %s\nkey = %s\n%s\n"
                 % (port, path(cert + ".pem"), path(cert + ".key"), lines.replace(";", "\n")))
    return ["stunnel4", conf], port, "stunnel 5.68 " + lines


def node_server(cert="www", options="{}", port=443):
    code = ("const tls=require('tls'),fs=require('fs');tls.createServer(Object.assign({key:fs.readFileSync('%s.key'),cert:fs.readFileSync('%s.pem'),"
            "ca:fs.readFileSync('%s')},%s),s=>{s.on('error',()=>0);s.on('data',()=>s.end('HTTP/1.0 204 No Content\\r\\n\\r\\n'))}).on('tlsClientError',()=>0).listen(%d)"
            % (path(cert), path(cert), path("roots.pem"), options, port))
    return ["node", "-e", code], port, "Node 20 tls server " + (options if options != "{}" else "")


def exim(cert="www", port=25):
    tls = ("tls_advertise_hosts = *\ntls_certificate = %s.pem\ntls_privatekey = %s.key\n" % (path(cert), path(cert))) if cert else "tls_advertise_hosts =\n"
    conf = write("exim.conf", "primary_hostname = mail.lab.example\ndaemon_smtp_ports = %d\nhost_lookup =\nrfc1413_hosts =\nspool_directory = %s\nlog_file_path = %s/exim_%%s\n"
                 "pid_file_path = %s/exim.pid\nexim_user = root\nexim_group = root\nnever_users =\nqueue_only\nsmtp_accept_queue_per_connection = 0\nacl_smtp_rcpt = deny\n%s"
                 "acl_smtp_mail = accept\nbegin acl\ndeny:\n deny\n" % (port, WORK, WORK, WORK, tls))
    return ["exim4", "-bdf", "-C", conf], port, "exim 4.96 (GnuTLS)" + ("" if cert else ", TLS off")


def tinyproxy(lines="", port=8080):
    conf = write("tinyproxy.conf", "Port %d\nTimeout 10\nMaxClients 10\nLogFile \"%s/tinyproxy.log\"\n%s\n" % (port, WORK, lines.replace(";", "\n")))
    return ["tinyproxy", "-d", "-c", conf], port, "tinyproxy 1.11 " + lines


def squid(lines="http_access allow all", port=8080, bump=None):
    listen = "http_port %d" % port
    if bump:
        listen += " ssl-bump tls-cert=%s tls-key=%s generate-host-certificates=on dynamic_cert_mem_cache_size=4MB" % (path(bump + ".crt"), path(bump + ".key"))
        os.makedirs(WORK, exist_ok=True)
        os.system("rm -rf %s/ssl_db; /usr/lib/squid/security_file_certgen -c -s %s/ssl_db -M 4MB >/dev/null 2>&1; chown -R proxy %s" % (WORK, WORK, WORK))
        lines += "\nsslcrtd_program /usr/lib/squid/security_file_certgen -s %s/ssl_db -M 4MB\nssl_bump bump all\ntls_outgoing_options cafile=%s" % (WORK, path("roots.pem"))
    conf = write("squid.conf", "%s\n%s\nacl CONNECT method CONNECT\npid_filename %s/squid.pid\ncache deny all\naccess_log none\ncache_log %s/cache.log\ncache_store_log none\n"
                 "coredump_dir %s\nvisible_hostname proxy.lab.example\nhosts_file /etc/hosts\nshutdown_lifetime 0 seconds\nconnect_timeout 2 seconds\nforward_timeout 3 seconds\npinger_enable off\n"
                 % (listen, lines, WORK, WORK, WORK))
    os.system("chown -R proxy %s" % WORK)
    return ["squid", "-N", "-f", conf], port, "squid 5.7 " + lines.split("\n")[0]


def play(name, *options, port=443):
    """A scripted server of tests/plays: for what no real server does on demand."""
    return [sys.executable, os.path.join(PLAYS, "peer.py"), name, str(port)] + list(options), port, "scripted: " + name + words(options)


def relay(name, *options, port=443, to=8443):
    return [sys.executable, os.path.join(PLAYS, "relay.py"), name, str(port), str(to)] + list(options), port, "scripted box: " + name + words(options)


# ---- clients

def s_client(*options, host=SERVER, port=443, name=HOST, verify=True, servername=True):
    argv = ["openssl", "s_client", "-connect", ("[%s]:%d" if ":" in host else "%s:%d") % (host, port)]
    argv += ["-servername", name] if servername else ["-noservername"]
    argv += ["-CAfile", path("roots.pem"), "-verify_return_error", "-verify_hostname", name] if verify else []
    return argv + list(options), "openssl s_client 3.0" + words(options)


def curl(*options, host=SERVER, port=443, name=HOST, scheme="https", ca="roots.pem"):
    argv = ["curl", "-sS", "-m", "6", "--cacert", path(ca), "--resolve", "%s:%d:%s" % (name, port, host), "-o", "/dev/null"]
    return argv + list(options) + ["%s://%s:%d/" % (scheme, name, port)], "curl 7.88 (OpenSSL 3.0)" + words(options)


def gnutls_cli(priority="NORMAL", *options, host=SERVER, port=443, name=HOST):
    argv = ["gnutls-cli", "--priority", priority, "--x509cafile", path("roots.pem"), "--sni-hostname", name, "--verify-hostname", name, "-p", str(port)]
    return argv + list(options) + [host], "gnutls-cli 3.7 " + priority + words(options)


def tstclnt(versions="tls1.0:tls1.3", *options, host=SERVER, port=443, name=HOST):
    return ["tstclnt", "-h", host, "-p", str(port), "-a", name, "-d", "sql:" + path("nss-client"), "-V", versions] + list(options), "NSS 3.87 tstclnt " + versions


def java(*options, host=SERVER, port=443, name=HOST):
    argv = ["java", "-cp", P, "Peer", "mode=client", "host=" + host, "port=%d" % port, "name=" + name, "trust=" + path("roots.jks"), *options]
    return argv, "Java 17 SSLSocket" + words(options)


def python(setup="", host=SERVER, port=443, name=HOST, timeout=6):
    """`setup` may change the context `c` before it connects."""
    code = ("import socket,ssl\nc=ssl.create_default_context(cafile=%r)\n%s\ns=socket.create_connection((%r,%d),%g)\n"
            "t=c.wrap_socket(s,server_hostname=%r)\nt.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\nt.recv(100)\nt.close()\n"
            % (path("roots.pem"), setup.replace(";", "\n"), host, port, timeout, name))
    return ["/usr/bin/python3", "-c", code], "Python 3.11 ssl (OpenSSL 3.0) " + setup


def node(options="{}", host=SERVER, port=443, name=HOST):
    code = ("const tls=require('tls'),fs=require('fs');const s=tls.connect(Object.assign({host:'%s',port:%d,servername:'%s',ca:fs.readFileSync('%s')},%s),"
            "()=>s.write('GET / HTTP/1.0\\r\\n\\r\\n'));s.on('error',e=>console.log(e.code));s.on('data',()=>s.end())" % (host, port, name, path("roots.pem"), options))
    return ["node", "-e", code], "Node 20 tls" + ("" if options == "{}" else " " + options)


def replay(profile, leave, *options, host=SERVER, port=443, name=HOST):
    """A synthetic client of tests/plays: the hello of a client that no longer runs, its way to leave imitated."""
    argv = [sys.executable, os.path.join(PLAYS, "client.py"), profile, leave, host, str(port), name] + list(options)
    return argv, "scripted: hello of %s, leaves by %s" % (profile, leave)


def words(options):
    """Options as the manifest tells them: without the paths of one machine, long ones shortened."""
    shown = [o if len(o) <= 90 else o[:40] + "..." for o in map(str, options)]
    text = " ".join(shown).replace(P + "/", "").replace(WORK + "/", "")
    return " " + text if text else ""
